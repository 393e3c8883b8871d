package io.safeprobe.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every row of a table is the angle of its token, however the table came to be: lengths that grow, and frequencies that depend on them. */
class RotaryTableTest {
    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "rope-linear", "rope-dynamic", "rope-yarn", "rope-llama3", "rope-longrope", "tiny-neox"})
    void rowsAreTheAnglesOfTheirTokens(String folder) {
        DecoderConfig config = ConfigFile.decoder(Golden.path(folder).resolve("config.json"));
        Random random = new Random(5);
        try (Memory memory = Memory.ofLimit(64 << 20); Scope scope = memory.scope()) {
            RotaryTable table = new RotaryTable(scope, config, DType.F32, false);
            long most = 0;
            for (int round = 0; round < 40; round++) {
                List<int[]> sequences = new ArrayList<>();
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    sequences.add(new int[1 + random.nextInt(round < 20 ? 60 : 700)]);
                }
                PackedTokens tokens = PackedTokens.of(sequences);
                requireAngles(table, config, tokens);
                most = Math.max(most, memory.inUse());
            }
            assertThat(most).as("at most four spans of 1,024 positions").isLessThanOrEqualTo(4 * 1024 * 2 * Float.BYTES * config.rotary() / 2);
        }
    }

    private static void requireAngles(RotaryTable table, DecoderConfig config, PackedTokens tokens) {
        int[] rows = table.rows(tokens);
        int half = config.rotary() / 2;
        float[] cos = table.cos().toFloats();
        float[] sin = table.sin().toFloats();
        double factor = config.ropeScaling().attentionFactor();
        for (int i = 0; i < tokens.sequences(); i++) {
            double[] frequencies = config.ropeScaling().frequencies(config.ropeTheta(), config.rotary(), tokens.length(i));
            for (int position = 0; position < tokens.length(i); position++) {
                int row = rows[tokens.start(i) + position];
                for (int j = 0; j < half; j++) {
                    float angle = (float) frequencies[j] * position;
                    assertThat(cos[row * half + j]).isEqualTo((float) (factor * Math.cos(angle)));
                    assertThat(sin[row * half + j]).isEqualTo((float) (factor * Math.sin(angle)));
                }
            }
        }
    }
}
