package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.safeprobe.model.config.ModelException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationFileTest {
    private static GenerationFile file(String json) {
        try {
            return new GenerationFile(new JsonMapper().readTree(json), Set.of(2), Set.of(9));
        } catch (JsonProcessingException failure) {
            throw new IllegalArgumentException(json, failure);
        }
    }

    private static GenerationConfig read(String json) {
        return file(json).read(Set.of(), false);
    }

    @Test
    void withoutAFileItIsGreedy() {
        GenerationFile none = new GenerationFile(MissingNode.getInstance(), Set.of(2), Set.of());
        assertThat(none.read(Set.of(), false)).isEqualTo(new GenerationConfig(new Sampling(0, 50, 1, 0), TokenRules.NONE, 128, 0, Set.of(2), List.of(), false));
        none.requireSupported(Set.of(), false);
    }

    @Test
    void samplingIsOnWithDoSampleOnly() {
        assertThat(read("{\"temperature\": 0.6, \"top_p\": 0.9}").sampling()).isEqualTo(new Sampling(0, 50, 0.9, 0));
        assertThat(read("{\"do_sample\": true}").sampling()).isEqualTo(new Sampling(1, 50, 1, 0));
        String qwen = "{\"do_sample\": true, \"temperature\": 0.7, \"top_k\": 20, \"top_p\": 0.8, \"min_p\": 0.05, \"repetition_penalty\": 1.05}";
        assertThat(read(qwen).sampling()).isEqualTo(new Sampling(0.7, 20, 0.8, 0.05));
        assertThat(read(qwen).rules().repetitionPenalty()).isEqualTo(1.05);
        assertThat(file(qwen).read(Set.of(), true).sampling()).isEqualTo(new Sampling(0, 20, 0.8, 0.05));
        assertThat(read("{\"do_sample\": true, \"temperature\": null, \"top_k\": null}").sampling()).isEqualTo(new Sampling(1, 50, 1, 0));
    }

    @Test
    void endTokensAreItsOwnOrElseThoseOfConfigJsonAndAlwaysThatOfTheTokenizer() {
        assertThat(read("{}").endIds()).containsExactlyInAnyOrder(2, 9);
        assertThat(read("{\"eos_token_id\": 5}").endIds()).containsExactlyInAnyOrder(5, 9);
        assertThat(read("{\"eos_token_id\": [5, 6]}").endIds()).containsExactlyInAnyOrder(5, 6, 9);
    }

    @Test
    void lengthsAndStopStrings() {
        assertThat(read("{\"max_new_tokens\": 7, \"max_length\": 20}").most(15)).isEqualTo(7);
        assertThat(read("{\"max_length\": 20}").most(15)).isEqualTo(5);
        assertThat(read("{\"stop_strings\": \"###\"}").stopStrings()).containsExactly("###");
        assertThat(read("{\"stop_strings\": [\"a\", \"b\"]}").stopStrings()).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"num_beams\": 4", "\"num_beam_groups\": 2", "\"diversity_penalty\": 0.5", "\"penalty_alpha\": 0.6", "\"guidance_scale\": 1.5", "\"sequence_bias\": [[[1], 2.0]]",
        "\"dola_layers\": \"high\"", "\"forced_bos_token_id\": 0", "\"forced_eos_token_id\": [2]", "\"encoder_repetition_penalty\": 1.2", "\"token_healing\": true",
        "\"exponential_decay_length_penalty\": [3, 1.1]", "\"watermarking_config\": {\"bias\": 2}", "\"max_time\": 5", "\"num_return_sequences\": 3",
        "\"assistant_early_exit\": 4", "\"cache_implementation\": \"quantized\"", "\"a_new_idea\": 1"})
    void whatIsNotSupportedIsRefusedByNameAndCanBePassedOver(String item) {
        String key = item.substring(1, item.indexOf('"', 1));
        GenerationFile file = file("{" + item + "}");
        assertThatCode(() -> file.read(Set.of(), false)).doesNotThrowAnyException();
        assertThatThrownBy(() -> file.requireSupported(Set.of(), true)).isInstanceOf(ModelException.class)
                .hasMessageContaining("generation_config.json sets " + key + " = ").hasMessageContaining("'set ignore " + key + "'");
        assertThatCode(() -> file.requireSupported(Set.of(key), false)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"typical_p\": 0.9", "\"epsilon_cutoff\": 3e-4", "\"eta_cutoff\": 2e-3", "\"top_h\": 0.4"})
    void whatOnlySamplingAsksForIsRefusedOnlyThere(String item) {
        GenerationFile file = file("{" + item + "}");
        assertThatCode(() -> file.requireSupported(Set.of(), true)).doesNotThrowAnyException();
        assertThatThrownBy(() -> file.requireSupported(Set.of(), false)).hasMessageContaining("sampling), which is not supported");
    }

    @Test
    void whatChangesNothingIsNotRefused() {
        file("""
                {"_from_model_config": true, "transformers_version": "5.18.0", "bos_token_id": 1, "pad_token_id": 0, "use_cache": true, "num_beams": 1, "num_beam_groups": 1,
                "diversity_penalty": 0.0, "typical_p": 1.0, "epsilon_cutoff": 0.0, "guidance_scale": null, "length_penalty": 1.0, "early_stopping": false, "token_healing": false,
                "cache_implementation": "static", "forced_eos_token_id": null, "constraints": [], "encoder_no_repeat_ngram_size": 0, "prompt_lookup_num_tokens": 5}
                """).requireSupported(Set.of(), false);
    }

    @Test
    void allThatIsRefusedIsNamedAtOnce() {
        assertThatThrownBy(() -> file("{\"num_beams\": 4, \"max_time\": 2.5}").requireSupported(Set.of(), true))
                .hasMessage("generation_config.json sets num_beams = 4 (beam search), max_time = 2.5 (a time limit), which is not supported;"
                        + " 'set ignore num_beams,max_time' generates without");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"temperature\": \"hot\"", "\"temperature\": 0", "\"temperature\": -1", "\"top_k\": -1", "\"top_k\": 1.5", "\"top_p\": 1.5", "\"min_p\": -0.1",
        "\"repetition_penalty\": 0", "\"do_sample\": \"yes\"", "\"eos_token_id\": \"</s>\"", "\"eos_token_id\": [1, -1]", "\"suppress_tokens\": 5", "\"bad_words_ids\": [5]",
        "\"bad_words_ids\": [[]]", "\"max_new_tokens\": \"many\"", "\"stop_strings\": [\"\"]", "\"stop_strings\": 5"})
    void aValueThatMakesNoSenseIsRefusedByNameWhenItIsRead(String item) {
        String key = item.substring(1, item.indexOf('"', 1));
        assertThatThrownBy(() -> read("{" + item + "}")).isInstanceOf(ModelException.class).hasMessageContaining(" for " + key + ", but has ")
                .hasMessageContaining("set ignore " + key);
        assertThatCode(() -> file("{" + item + "}").read(Set.of(key), false)).doesNotThrowAnyException();
    }
}
