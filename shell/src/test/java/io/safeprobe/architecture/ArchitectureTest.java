package io.safeprobe.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules hold for the product, and each is seen to fail on a class that breaks it. */
class ArchitectureTest {
    private static final JavaClasses PRODUCT =
            new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("io.safeprobe");
    private static final JavaClasses FIXTURES = new ClassFileImporter().importPackages("io.safeprobe.architecture.bad");

    static Map<String, ArchRule> rules() {
        return Map.of(
                "engine looks down", Rules.ENGINE_LOOKS_DOWN,
                "model looks down", Rules.MODEL_LOOKS_DOWN,
                "sap looks down", Rules.SAP_LOOKS_DOWN,
                "TornadoVM in its room", Rules.TORNADO_STAYS_IN_ITS_ROOM,
                "Arrow in its room", Rules.ARROW_STAYS_IN_ITS_ROOM,
                "kernels know no autograd", Rules.KERNELS_KNOW_NO_AUTOGRAD,
                "only the shell talks", Rules.ONLY_THE_SHELL_TALKS);
    }

    static Iterable<Map.Entry<String, ArchRule>> entries() {
        return rules().entrySet();
    }

    @Test
    void theProductWasFound() {
        assertThat(PRODUCT).extracting(type -> type.getPackageName())
                .contains("io.safeprobe.engine.kernel.cpu", "io.safeprobe.model.decoder", "io.safeprobe.sap.train", "io.safeprobe.shell.command");
    }

    @ParameterizedTest
    @MethodSource("entries")
    void ruleHolds(Map.Entry<String, ArchRule> rule) {
        rule.getValue().check(PRODUCT);
    }

    @ParameterizedTest
    @MethodSource("entries")
    void ruleIsSeenToFail(Map.Entry<String, ArchRule> rule) {
        assertThatThrownBy(() -> rule.getValue().check(FIXTURES)).as(rule.getKey()).isInstanceOf(AssertionError.class)
                .hasMessageContaining("io.safeprobe.architecture.bad");
    }

    @Test
    void thereAreNoCycles() {
        Rules.NO_CYCLES.check(PRODUCT);
    }

    @Test
    void aCycleIsSeen() {
        assertThatThrownBy(() -> Rules.NO_CYCLES_AMONG_FIXTURES.check(FIXTURES)).isInstanceOf(AssertionError.class).hasMessageContaining("Cycle detected");
    }
}
