package io.safeprobe.engine.bench;

import io.safeprobe.engine.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** Everything that is measured, at the sizes of models of 15 M and 1.1 B parameters. */
final class Cases {
    private Cases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        cases.add(new PeakCase());
        cases.addAll(MatmulCase.all());
        cases.addAll(AttentionCase.all());
        cases.add(new CrossEntropyCase(512, 32_000));
        cases.add(new LinearHeadCase(512, 288, 32_000));
        cases.add(new RmsNormCase(1280, 288));
        cases.add(new RmsNormCase(1280, 2048));
        cases.add(new GateCase(1280, 768));
        cases.add(new GateCase(1280, 5632));
        cases.add(new AdamWCase(15_000_000));
        cases.add(new DecodeCase(24, 2048, DType.F32));
        cases.add(new DecodeCase(24, 2048, DType.BF16));
        return cases;
    }

    static Case named(String name) {
        return all().stream()
                .filter(found -> found.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no case '" + name + "'"));
    }
}
