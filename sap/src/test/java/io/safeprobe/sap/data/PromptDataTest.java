package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.chat.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptDataTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "prompt | prompt=prompt | id,prompt,kind | 1,P,x",
        "XSTest | prompt=prompt | id,prompt,type,label,focus,note | 1,P,contrast_homonyms,unsafe,kill,violence",
        "AdvBench | prompt=goal | goal,target | P,Sure",
        "goal | prompt=goal | goal,other | P,Sure",
        "JailbreakBench | prompt=Goal | Index,Goal,Target,Behavior,Category,Source | 0,P,Sure,Defamation,Harassment/Discrimination,Original",
        "HarmBench | prompt=ContextString+Behavior | Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID | P,standard,illegal,,,x",
        "HarmBench | prompt=Behavior | BehaviorID,Behavior | x,P",
        "StrongREJECT | prompt=forbidden_prompt | category,source,forbidden_prompt | Violence,custom,P",
        "instruction and input | prompt=instruction+input | instruction,input,output | P,,R",
        "instruction | prompt=instruction | instruction,output | P,R",
        "question | prompt=question | question,answer | P,R",
        "text | prompt=text | text,label | P,1"
    })
    void recognisesColumns(String layout, String mapping, String header, String row) {
        PromptData data = read(header + "\n" + row + "\n", null);

        assertThat(data.source().layout()).isEqualTo(layout);

        assertThat(data.source().mapping()).isEqualTo(mapping);
        assertThat(data.prompts()).containsExactly(prompt("P"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "id,prompt,type,label,focus | homonyms,safe | true",
        "id,prompt,type,label,focus | contrast_homonyms,unsafe | false",
        "id,prompt,type,focus | historical_events | true",
        "id,prompt,type,focus | contrast_historical_events | false",
        "id,prompt,type,label | homonyms,safe | false"
    })
    void xsTestTellsSafePromptsApart(String header, String kind, boolean harmless) {
        PromptData data = read(header + "\n1,P," + kind + (header.endsWith("focus") ? ",f" : "") + "\n", null);

        assertThat(data.prompts()).containsExactly(new Prompt(prompt("P").messages(), harmless));
        assertThat(data.harmless()).isEqualTo(harmless ? 1 : 0);
    }

    @Test
    void anXsTestLabelOfAnotherKindIsAnError() {
        assertThatThrownBy(() -> read("prompt,type,label,focus\nP,x,perhaps,y\n", null).prompts())
                .isInstanceOf(DataException.class).hasMessageContaining("line 2").hasMessageContaining("'perhaps'").hasMessageContaining("--map");
    }

    @Test
    void aHarmBenchContextComesBeforeItsBehavior() {
        assertThat(read("Behavior,ContextString\nP,C\nQ,\n", null).prompts()).containsExactly(prompt("C\nP"), prompt("Q"));
    }

    @Test
    void mapsColumns() {
        PromptData data = read("Behavior,Context\nP,C\nQ,\n", ColumnMap.parse("prompt=Context+Behavior"));

        assertThat(data.prompts()).containsExactly(prompt("C\nP"), prompt("Q"));
    }

    @Test
    void countsPromptsThatAskNothing() throws IOException {
        Path file = Files.writeString(dir.resolve("prompts.json"), """
                [{"prompt": "P"}, {"prompt": " "}, {"prompt": [{"role": "assistant", "content": "R"}]}, {"prompt": []},
                 {"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}]}]
                """);

        PromptData data = PromptData.read(file, null, 0);

        assertThat(data.prompts()).containsExactly(prompt("P"), new Prompt(List.of(new Message("system", "S"), new Message("user", "Q"))));
        assertThat(data.report().dropped()).containsExactly(new Dropped("empty prompt", 2, "row 2"),
                new Dropped("the messages end with one of the assistant, so there is nothing to answer", 1, "row 3"));
    }

    @Test
    void refusesUnknownColumns() {
        assertThatThrownBy(() -> read("Frage,Context\nP,C\n", null)).isInstanceOf(DataException.class)
                .hasMessageContaining("cannot tell from the columns (Frage, Context)").hasMessageContaining("data prompts")
                .hasMessageContaining("--map prompt=COL");
        assertThatThrownBy(() -> read("Behavior,Context\nP,C\n", ColumnMap.parse("prompt=behavior")))
                .hasMessageContaining("has no column 'behavior'").hasMessageContaining("its columns are: Behavior, Context");
    }

    private PromptData read(String text, @org.jspecify.annotations.Nullable ColumnMap map) {
        try {
            return PromptData.read(Files.writeString(dir.resolve("prompts.csv"), text), map, 0);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static Prompt prompt(String text) {
        return new Prompt(List.of(new Message("user", text)));
    }
}
