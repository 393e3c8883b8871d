package io.safeprobe.shell.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.generate.Sampling;
import io.safeprobe.shell.session.Settings.Name;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private final Settings settings = new Settings();

    @Test
    void samplingIsTheModelsUntilSet() {
        Sampling models = new Sampling(0.7, 20, 0.8);
        assertThat(settings.sampling(models)).isEqualTo(models);
        settings.set(Name.TEMPERATURE, "0");
        settings.set(Name.TOP_K, "5");
        assertThat(settings.sampling(models)).isEqualTo(new Sampling(0, 5, 0.8));
        settings.set(Name.TEMPERATURE, "default");
        assertThat(settings.sampling(models)).isEqualTo(new Sampling(0.7, 5, 0.8));
    }

    @ParameterizedTest
    @CsvSource({"SEED,x", "SEED,1.5", "MAX_NEW_TOKENS,0", "MAX_NEW_TOKENS,99999999999", "THREADS,-1", "TOP_K,-1", "TEMPERATURE,-0.1", "TEMPERATURE,NaN",
        "TEMPERATURE,Infinity", "TOP_P,0", "TOP_P,1.1", "TRACE,yes"})
    void whatMakesNoSenseIsRefusedAndNothingChanges(Name name, String value) {
        String before = settings.all().get(name);
        assertThatThrownBy(() -> settings.set(name, value)).isInstanceOf(CommandException.class).hasMessageContaining(value).hasMessageContaining(name.toString());
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
