package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.shell.session.CommandException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class CommandTextTest {
    private static List<List<String>> words(String text) {
        return CommandText.parse(text).stream().map(CommandText.Parsed::words).toList();
    }

    @Test
    void semicolonsSeparateCommandsExceptInQuotes() {
        assertThat(words("open a; generate \"b; c\";;  quit ;")).containsExactly(List.of("open", "a"), List.of("generate", "b; c"), List.of("quit"));
    }

    @Test
    void aCommentBeginsAWord() {
        assertThat(words("# nothing")).isEmpty();
        assertThat(words("open a#b # c; quit")).containsExactly(List.of("open", "a#b"));
        assertThat(words("open a # c\nquit")).containsExactly(List.of("open", "a"), List.of("quit"));
        assertThat(words("generate '# 1'")).containsExactly(List.of("generate", "# 1"));
    }

    @Test
    void quotesAndBackslashesKeepCharacters() {
        assertThat(words("a \"say \\\"hi\\\" \\n\" 'it\\s' b\\ c ''")).containsExactly(List.of("a", "say \"hi\" \\n", "it\\s", "b c", ""));
    }

    @Test
    void theSourceOfEachCommandIsKept() {
        assertThat(CommandText.parse(" open a ; generate 'x;y' # z")).extracting(CommandText.Parsed::source).containsExactly("open a", "generate 'x;y'");
    }

    @Test
    void anOpenQuoteIsAnErrorThatSaysWhatToDo() {
        assertThatThrownBy(() -> words("generate don't")).isInstanceOf(CommandException.class).hasMessageContaining("not closed").hasMessageContaining("\\'");
    }

    @Property
    void anyTextSurvivesDoubleQuotes(@ForAll String text) {
        String quoted = "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
        assertThat(words("generate " + quoted + "; quit")).containsExactly(List.of("generate", text), List.of("quit"));
    }
}
