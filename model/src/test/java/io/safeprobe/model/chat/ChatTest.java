package io.safeprobe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.chat.jinja.ChatTemplate;
import io.safeprobe.model.chat.jinja.TemplateException;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTest {
    private static final String CHATML = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
            + "+ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static final List<Message> TURNS = List.of(new Message("user", "Hi {{ n }}"), new Message("assistant", "Hello"));

    @Test
    void rendersTurnsAndThePromptForTheNext() {
        Chat chat = new Chat(ChatTemplate.parse(CHATML), Map.of());
        String text = "<|im_start|>user\nHi {{ n }}<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n";
        assertThat(chat.render(TURNS, false).text()).isEqualTo(text);
        assertThat(chat.render(TURNS, true).text()).isEqualTo(text + "<|im_start|>assistant\n");
    }

    @Test
    void passesWhatTransformersPasses() {
        Chat chat = new Chat(ChatTemplate.parse("{{ bos_token }}|{{ eos_token }}|{{ tools is none }}|{{ documents is none }}|"
                + "{{ add_generation_prompt }}|{{ pad_token is defined }}|{{ messages }}"), Map.of("bos_token", "<s>", "eos_token", "</s>"));
        assertThat(chat.render(List.of(new Message("user", "it's")), true).text())
                .isEqualTo("<s>|</s>|True|True|True|False|[{'role': 'user', 'content': \"it's\"}]");
    }

    @Test
    void saysWhyATemplateRefusesAConversation() {
        Chat chat = new Chat(ChatTemplate.parse("{% if messages[0].role != 'user' %}\n{{ raise_exception('User first!') }}{% endif %}"), Map.of());
        assertThatThrownBy(() -> chat.render(List.of(new Message("assistant", "x")), false))
                .isInstanceOfSatisfying(TemplateException.class, e -> {
                    assertThat(e.rawMessage()).isEqualTo("User first!");
                    assertThat(e.kind()).isEqualTo("TemplateError");
                    assertThat(e.line()).isEqualTo(2);
                    assertThat(e).hasMessage("chat template, line 2: TemplateError: User first! (the template refuses this conversation:"
                            + " change the messages accordingly or use another template)");
                });
    }

    @Test
    void noTurnsAtAllIsForTheTemplateToJudge() {
        Chat chat = new Chat(ChatTemplate.parse("{{ messages|length }}{{ messages[0].role }}"), Map.of());
        assertThatThrownBy(() -> chat.render(List.of(), false))
                .isInstanceOf(TemplateException.class).hasMessageContaining("list object has no element 0");
    }

    @Test
    void findsTheTemplateOfAFolderAsTransformersDoes(@TempDir Path folder) throws IOException {
        assertThat(Chat.find(folder, Map.of())).isNull();
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"processor\"}");
        assertThat(text(folder)).isEqualTo("processor");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"tools\"},"
                + " {\"name\": \"default\", \"template\": \"plain {{ bos_token }}\"}]}");
        assertThat(text(folder)).isEqualTo("plain <s>");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"one\"}");
        assertThat(text(folder)).isEqualTo("one");
        Files.writeString(folder.resolve("chat_template.jinja"), "file");
        assertThat(text(folder)).isEqualTo("file");
    }

    @Test
    void severalTemplatesWithoutADefaultAreRefusedByName(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
        assertThatThrownBy(() -> Chat.find(folder, Map.of())).isInstanceOf(ModelException.class).hasMessageContaining("only [rag]")
                .hasMessageContaining("put the one to use in chat_template.jinja");
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        assertThatThrownBy(() -> Chat.find(folder, Map.of())).isInstanceOf(ModelException.class).hasMessageContaining("additional_chat_templates");
    }

    private static String text(Path folder) {
        return Objects.requireNonNull(Chat.find(folder, Map.of("bos_token", "<s>"))).render(TURNS, false).text();
    }
}
