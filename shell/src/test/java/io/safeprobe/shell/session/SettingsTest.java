package io.safeprobe.shell.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.generate.GenerationFile;
import io.safeprobe.model.generate.Sampling;
import io.safeprobe.shell.session.Settings.Name;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private final Settings settings = new Settings();

    private static GenerationFile file(String json) throws JsonProcessingException {
        return new GenerationFile(new JsonMapper().readTree(json), Set.of(2), Set.of());
    }

    private static final String SAMPLED = "{\"do_sample\": true, \"temperature\": 0.7, \"top_k\": 20, \"top_p\": 0.8, \"repetition_penalty\": 1.1, \"max_new_tokens\": 9}";

    private void set(Name name, String... values) {
        settings.set(name, List.of(values));
    }

    @Test
    void generationIsTheModelsUntilSet() throws JsonProcessingException {
        GenerationFile models = file(SAMPLED);
        assertThat(settings.generation(models)).isEqualTo(models.read(Set.of(), false));
        set(Name.TEMPERATURE, "0");
        set(Name.TOP_K, "5");
        set(Name.REPETITION_PENALTY, "1.3");
        set(Name.MAX_NEW_TOKENS, "4");
        assertThat(settings.generation(models).sampling()).isEqualTo(new Sampling(0, 5, 0.8, 0));
        assertThat(settings.generation(models).rules().repetitionPenalty()).isEqualTo(1.3);
        assertThat(settings.generation(models).maxNewTokens()).isEqualTo(4);
        set(Name.TEMPERATURE, "default");
        set(Name.MIN_P, "0.1");
        assertThat(settings.generation(models).sampling()).isEqualTo(new Sampling(0.7, 5, 0.8, 0.1));
    }

    @Test
    void aScoreIsGreedyAndOf128TokensUntilSet() throws JsonProcessingException {
        GenerationFile models = file(SAMPLED);
        assertThat(settings.scoring(models).sampling()).isEqualTo(new Sampling(0, 20, 0.8, 0));
        assertThat(settings.scoring(models).maxNewTokens()).isEqualTo(128);
        assertThat(settings.scoring(models).rules().repetitionPenalty()).isEqualTo(1.1);
        set(Name.TEMPERATURE, "0.5");
        set(Name.MAX_NEW_TOKENS, "7");
        assertThat(settings.scoring(models).sampling().temperature()).isEqualTo(0.5);
        assertThat(settings.scoring(models).maxNewTokens()).isEqualTo(7);
    }

    @Test
    void stopHasAnyNumberOfTexts() throws JsonProcessingException {
        GenerationFile models = file("{\"stop_strings\": [\"END\"]}");
        assertThat(settings.generation(models).stopStrings()).containsExactly("END");
        set(Name.STOP, "###", "a\\nb", " \\\\ ");
        assertThat(settings.generation(models).stopStrings()).containsExactly("###", "a\nb", " \\ ");
        assertThat(settings.all()).containsEntry(Name.STOP, "[\"###\",\"a\\nb\",\" \\\\ \"]");
        set(Name.STOP, "");
        assertThat(settings.generation(models).stopStrings()).isEmpty();
        set(Name.STOP, "default");
        assertThat(settings.generation(models).stopStrings()).containsExactly("END");
        set(Name.STOP, "model");
        assertThat(settings.generation(models).stopStrings()).containsExactly("model");
        assertThat(settings.with(Map.of(Name.STOP, List.of("default"))).generation(models).stopStrings()).containsExactly("default");
        assertThatThrownBy(() -> set(Name.STOP, "\\q")).isInstanceOf(UsageException.class).hasMessageContaining("backslash");
        assertThatThrownBy(() -> set(Name.TOP_K, "1", "2")).isInstanceOf(UsageException.class).hasMessageContaining("several values for top-k");
    }

    @Test
    void whatTheModelsFileAsksForAndIsNotSupportedIsRefusedUntilItIsIgnored() throws JsonProcessingException {
        GenerationFile models = file("{\"num_beams\": 4, \"typical_p\": 0.9, \"top_k\": -3}");
        assertThatThrownBy(() -> settings.generation(models)).isInstanceOf(ModelException.class).hasMessageContaining("top_k");
        set(Name.IGNORE, "top_k");
        assertThatThrownBy(() -> settings.generation(models)).isInstanceOf(ModelException.class).hasMessageContaining("'set ignore num_beams'");
        set(Name.IGNORE, "top_k, num_beams");
        assertThat(settings.generation(models).sampling()).isEqualTo(new Sampling(0, 50, 1, 0));
        set(Name.TEMPERATURE, "1");
        assertThatThrownBy(() -> settings.generation(models)).hasMessageContaining("typical_p = 0.9 (typical sampling)");
    }

    @Test
    void oneCommandMayHaveItsOwn() {
        Settings other = settings.with(Map.of(Name.SEED, List.of("7")));
        assertThat(other.seed()).isEqualTo(7);
        assertThat(settings.seed()).isEqualTo(42);
        assertThatThrownBy(() -> settings.with(Map.of(Name.SEED, List.of("x")))).isInstanceOf(UsageException.class).hasMessageContaining("'x' is no value for seed");
    }

    @ParameterizedTest
    @CsvSource({"SEED,x", "SEED,1.5", "MAX_NEW_TOKENS,0", "MAX_NEW_TOKENS,99999999999", "THREADS,-1", "TOP_K,-1", "TEMPERATURE,-0.1", "TEMPERATURE,NaN",
        "TEMPERATURE,Infinity", "TOP_P,-0.1", "TOP_P,1.1", "MIN_P,2", "MIN_P,x", "REPETITION_PENALTY,0", "REPETITION_PENALTY,1e99", "TRACE,yes"})
    void whatMakesNoSenseIsRefusedAndNothingChanges(Name name, String value) {
        String before = settings.all().get(name);
        assertThatThrownBy(() -> set(name, value)).isInstanceOf(UsageException.class).hasMessageContaining(value).hasMessageContaining(name.toString());
        assertThat(settings.all()).containsEntry(name, before);
    }

    @ParameterizedTest
    @CsvSource({"8G,8589934592", "8g,8589934592", "512M,536870912", "1 GiB,1073741824", "64KB,65536", "1000,1000"})
    void memoryLimitsHaveUnits(String text, long bytes) {
        assertThat(MemoryLimit.bytes(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0", "G", "-1G", "1.5G", "999999999999T", "much"})
    void whatIsNoSizeIsRefused(String text) {
        assertThatThrownBy(() -> MemoryLimit.bytes(text)).isInstanceOf(CommandException.class).hasMessageContaining(text).hasMessageContaining("512M");
    }
}
