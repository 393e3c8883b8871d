package io.safeprobe.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.Golden;
import io.safeprobe.model.chat.jinja.ChatTemplate;
import io.safeprobe.model.chat.jinja.TemplateException;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is learnt of a row: for each real template, for templates with {@code generation} blocks against transformers, and where it cannot be told. */
class MaskTest {
    private static final List<List<Message>> PROMPTS = List.of(
            List.of(new Message("user", "Hi there")),
            List.of(new Message("user", "One?"), new Message("assistant", "Yes one."), new Message("user", "Two?")),
            List.of(new Message("system", "Be safe."), new Message("user", "Hi there")));

    private static final List<String> RESPONSES = List.of("Sure, {it} is.", "s", "  Two\n\nlines. \n", "|end|> im_end \u00e9\u4f60\ud83d\ude80");

    /** Whatever looks like a control token in a template. */
    private static final Pattern CONTROL = Pattern.compile("<\\|[^|>\n{}]{1,40}\\|>|</?s>|<(start|end)_of_turn>|<\uff5c[^\uff5c>]*\uff5c>|\\[gMASK\\]|<sop>");

    /** What is learnt with a response where {@code @} stands: what follows the text to generate from, up to the end token. */
    private static final Map<String, String> LEARNT = Map.ofEntries(
            Map.entry("cz_llama-2-chat", "\n\n         @ </s>"),
            Map.entry("trl_cohere", "@<|END_OF_TURN_TOKEN|>"),
            Map.entry("trl_gemma3", "@<end_of_turn>"),
            Map.entry("trl_glm4moe", "\n<think></think>\n@</s>"),
            Map.entry("trl_gptoss", "<|channel|>final<|message|>@<|return|>"),
            Map.entry("trl_llama3", "@<|eot_id|>"),
            Map.entry("trl_llama3_1", "@<|eot_id|>"),
            Map.entry("trl_phi3", "@<|end|>"),
            Map.entry("trl_qwen2_5", "@<|im_end|>"),
            Map.entry("trl_qwen3", "<think>\n\n</think>\n\n@<|im_end|>"),
            Map.entry("trl_qwen3_instruct_2507", "@<|im_end|>"),
            Map.entry("hf:_base", "@<|im_end|>"),
            Map.entry("hf:bloom", "@</s>"),
            Map.entry("hf:gpt_neox", "@</s>"),
            Map.entry("hf:gpt2", "@</s>"),
            Map.entry("hf:llama", " @ </s>"),
            Map.entry("hf:whisper", "@</s>"),
            Map.entry("hf:HuggingFaceH4/zephyr-7b-beta (add_generation_prompt=false)", "@</s>"),
            Map.entry("hf:HuggingFaceH4/zephyr-7b-gemma-v0.1", "@<|im_end|>"),
            Map.entry("hf:cognitivecomputations/dolphin-2.5-mixtral-8x7b", "@<|im_end|>"),
            Map.entry("hf:openchat/openchat-3.5-0106", " @<|end_of_turn|>"),
            Map.entry("hf:upstage/SOLAR-10.7B-Instruct-v1.0", "@</s>"),
            Map.entry("hf:Qwen/Qwen1.5-72B-Chat", "@</s>"),
            Map.entry("hf:deepseek-ai/deepseek-llm-7b-chat", " @</s>"),
            Map.entry("hf:h2oai/h2o-danube-1.8b-chat", "@</s>"),
            Map.entry("hf:TheBloke/deepseek-coder-33B-instruct-AWQ", "@\n<|EOT|>"),
            Map.entry("hf:abacusai/Smaug-34B-v0.1", " @ </s>"),
            Map.entry("hf:maywell/Synatra-Mixtral-8x7B", "@</s>"),
            Map.entry("hf:deepseek-ai/deepseek-coder-33b-instruct", "@\n<|EOT|>"),
            Map.entry("hf:maywell/PiVoT-MoE", " @</s>"),
            Map.entry("hf:mistralai/Mistral-Nemo-Instruct-2407", "@</s>"),
            Map.entry("hf:meta-llama/Llama-3.1-8B-Instruct", "@<|eot_id|>"),
            Map.entry("hf:Qwen/Qwen2.5-VL-7B-Instruct", "@<|im_end|>"),
            Map.entry("hf:Qwen/Qwen3.5-4B", "\n</think>\n\n@<|im_end|>"),
            Map.entry("hf:openbmb/MiniCPM3-4B", "@<|im_end|>"),
            Map.entry("hf:meta-llama/Llama-3.2-11B-Vision-Instruct", "@<|eot_id|>"),
            Map.entry("hf:HuggingFaceTB/SmolLM3-3B", "@<|im_end|>"),
            Map.entry("hf:zai-org/GLM-5.1", "</think>@</s>"),
            Map.entry("smollm2", "@<|im_end|>"));

    /** Templates that cannot be used with any of these rows, and why. */
    private static final Map<String, String> REFUSED = Map.of(
            "cz_zephyr", "renders a prompt differently when a response follows",
            "trl_deepseekv3", "renders a prompt differently when a response follows",
            "hf:CohereForAI/c4ai-command-r-v01", "'NoneType' object is not iterable",
            "hf:CohereForAI/c4ai-command-r-v01 (JSON Schema)", "'NoneType' object is not iterable");

    @TempDir
    Path folder;

    /** A tiny tokenizer that takes every control token of a template for one. */
    private Tokenizer tokenizer(String template, String bos, String eos) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Files.readString(Golden.path("tokenizers/bytes-gpt2/tokenizer.json")));
        ObjectNode config = JsonMapper.builder().build().createObjectNode().put("bos_token", bos).put("eos_token", eos);
        Matcher control = CONTROL.matcher(template);
        control.results().map(found -> found.group()).distinct().sorted().forEach(config.withArray("extra_special_tokens")::add);
        Files.writeString(folder.resolve("tokenizer_config.json"), config.toString());
        return Tokenizer.open(folder);
    }

    private static String learnt(Tokenizer tokenizer, EncodedRow row) {
        int[] ids = IntStream.range(0, row.ids().length).filter(i -> row.labels()[i] != EncodedRow.IGNORED).toArray();
        assertThat(ids[ids.length - 1] - ids[0]).as("in one piece, to the end").isEqualTo(ids.length - 1).isEqualTo(row.ids().length - 1 - ids[0]);
        return tokenizer.decode(Arrays.stream(ids).map(i -> row.ids()[i]).toArray(), false);
    }

    @Test
    void ofEveryRealTemplateTheResponseAndItsEndTokenAreLearntAndNothingElse() throws IOException {
        JsonNode templates = ConfigFile.json(Golden.shared("templates/cases.json")).path("templates");
        assertThat(templates.size()).isEqualTo(LEARNT.size() + REFUSED.size());
        for (Map.Entry<String, String> one : LEARNT.entrySet()) {
            String source = templates.path(one.getKey()).asText();
            try (Tokenizer tokenizer = tokenizer(source, "<s>", "</s>")) {
                ChatEncoder encoder = new ChatEncoder(tokenizer, new Chat(ChatTemplate.parse(source), tokenizer.namedTokens()));
                for (List<Message> prompt : PROMPTS) {
                    if (one.getKey().contains("Mistral-Nemo") && prompt.getFirst().role().equals("system")) {
                        // It writes the system message before the last turn, and not at all when that is the assistant's.
                        assertThatThrownBy(() -> encoder.encode(prompt, "Sure.")).isInstanceOf(ModelException.class)
                                .hasMessageContaining("leave system messages out");
                        continue;
                    }
                    for (String response : RESPONSES) {
                        EncodedRow row = encoder.encode(prompt, response);
                        String found = learnt(tokenizer, row);
                        assertThat(found).as(one.getKey()).isIn(one.getValue().replace("@", response), one.getValue().replace("@", response.strip()));
                        int[] head = encoder.prompt(prompt);
                        assertThat(Arrays.copyOf(row.ids(), head.length)).as(one.getKey()).isEqualTo(head);
                        assertThat(row.labels()[head.length]).as(one.getKey()).isNotEqualTo(EncodedRow.IGNORED);
                    }
                }
            }
        }
    }

    @Test
    void aRealTemplateThatDoesNotTellIsRefusedWithTheReason() throws IOException {
        JsonNode templates = ConfigFile.json(Golden.shared("templates/cases.json")).path("templates");
        for (Map.Entry<String, String> one : REFUSED.entrySet()) {
            String source = templates.path(one.getKey()).asText();
            try (Tokenizer tokenizer = tokenizer(source, "<s>", "</s>")) {
                ChatEncoder encoder = new ChatEncoder(tokenizer, new Chat(ChatTemplate.parse(source), tokenizer.namedTokens()));
                assertThatThrownBy(() -> encoder.encode(PROMPTS.getFirst(), "Sure.")).as(one.getKey())
                        .isInstanceOfAny(ModelException.class, TemplateException.class).hasMessageContaining(one.getValue());
            }
        }
    }

    /** The last turn alone; of what transformers marks without the header that is generated from, and without what follows the end token. */
    @Test
    void generationBlocksAreLearntAsTransformersMarksThem() throws IOException {
        JsonNode golden = ConfigFile.json(Golden.path("tokenizers/masks.json"));
        Files.writeString(folder.resolve("tokenizer.json"), Files.readString(Golden.path("tokenizers/bytes-nfc-lower/tokenizer.json")));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|im_end|>\"}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            for (JsonNode one : golden.path("cases")) {
                String name = one.path("template").asText() + ": " + one.path("response").asText();
                Chat chat = new Chat(ChatTemplate.parse(golden.path("templates").path(one.path("template").asText()).asText()), tokenizer.namedTokens());
                List<Message> prompt = new ArrayList<>();
                one.path("prompt").forEach(turn -> prompt.add(new Message(turn.path(0).asText(), turn.path(1).asText())));
                EncodedRow row = new ChatEncoder(tokenizer, chat).encode(prompt, one.path("response").asText());
                int[] ids = Golden.ints(one.path("ids"));
                String mask = one.path("mask").asText();
                int last = mask.lastIndexOf('1');
                String marked = tokenizer.decode(Arrays.copyOfRange(ids, mask.lastIndexOf('0', last) + 1, last + 1), false);
                String body = marked.substring(marked.startsWith("<|im_start|>assistant\n") ? marked.indexOf('\n') + 1 : 0);
                String expected = body.endsWith("<|im_end|>") ? body : body.replace("<|im_end|>\n", "") + "<|im_end|>";
                if (one.path("response").asText().startsWith("\n")) {
                    // A token of transformers' reaches over the line break before the response, so that its mask does too.
                    expected = expected.substring(expected.startsWith("\n\n\n") ? 1 : 0);
                }
                assertThat(learnt(tokenizer, row)).as(name).isEqualTo(expected);
                assertThat(tokenizer.decode(ids, false)).as(name).startsWith(tokenizer.decode(row.ids(), false));
                if (!Character.isWhitespace(one.path("response").asText().charAt(0))) {
                    assertThat(row.ids()).as(name).isEqualTo(Arrays.copyOf(ids, row.ids().length));
                }
            }
        }
    }

    @Test
    void aTemplateThatHidesTheEndOfTheResponseIsRefused() throws IOException {
        String source = "{% for m in messages %}{{ m.role }}: {{ m.content[:10] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
        try (Tokenizer tokenizer = tokenizer(source, "<s>", "</s>")) {
            ChatEncoder encoder = new ChatEncoder(tokenizer, new Chat(ChatTemplate.parse(source), tokenizer.namedTokens()));
            assertThatThrownBy(() -> encoder.encode(PROMPTS.getFirst(), "Sure, it is.")).isInstanceOf(ModelException.class)
                    .hasMessageContaining("its end cannot be told").hasMessageContaining("input_ids and labels");
        }
    }

    @Test
    void withoutATemplateTheEndTokenIsAdded() throws IOException {
        try (Tokenizer tokenizer = tokenizer("", "<s>", "</s>")) {
            EncodedRow row = new ChatEncoder(tokenizer, null).encode(List.of(new Message("user", "the quick")), " brown fox");
            assertThat(learnt(tokenizer, row)).isEqualTo(" brown fox</s>");
            assertThat(tokenizer.decode(row.ids(), false)).isEqualTo("the quick brown fox</s>");
        }
    }
}
