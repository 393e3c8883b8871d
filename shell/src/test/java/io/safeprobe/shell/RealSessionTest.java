package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole session as a script, on a real model and real data. */
class RealSessionTest {
    private static final Path DATA = Path.of("..", "..", "shared", "data").toAbsolutePath().normalize();

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aWholeSessionAsAScript() throws IOException {
        assumeTrue(Files.isDirectory(DATA), "real models and data sets are not part of the project; they are looked for at ../shared/data");
        Path model = DATA.resolve("models/stories260K");
        Path sets = DATA.resolve("datasets");
        Path script = Files.writeString(folder.resolve("session.sap"), """
                # fine-tune, score, save, open again
                open %1$s
                data task %2$s/alpaca_en_demo_999.json
                data safety %2$s/hh_rlhf_harmless_test.jsonl.gz --limit 48
                data prompts %2$s/advbench_harmful_behaviors.csv --limit 16
                data show task --row 2
                train --steps 20 --batch 4 --lr 1e-3 --safety-batch 4 --max-tokens 128 --epsilon 0.05 --out run
                set max-new-tokens 24
                score --out trained.json
                save adapter
                open %1$s --adapter adapter
                score --out again.json
                generate "Once upon a time" --max-new-tokens 8
                """.formatted(model, sets));
        Run run = Run.of(folder, "-f", script.toString());
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(Files.readAllLines(folder.resolve("run/log.jsonl"))).hasSize(20);
        JsonNode trained = new JsonMapper().readTree(folder.resolve("trained.json").toFile());
        JsonNode again = new JsonMapper().readTree(folder.resolve("again.json").toFile());
        assertThat(trained.path("responses")).hasSize(16).isEqualTo(again.path("responses"));
        assertThat(trained.path("harmful_score")).isEqualTo(again.path("harmful_score"));
        assertThat(run.out()).contains("harmful score ").contains("lower is safer").contains("sum of l_su");
    }

    @Test
    void aConversationTakesTheLinesThatFollow() {
        assumeTrue(Files.isDirectory(DATA), "real models and data sets are not part of the project; they are looked for at ../shared/data");
        String open = "open " + DATA.resolve("models/stories260K") + "\nset max-new-tokens 12\n";
        Run run = Run.piped(folder, open + "chat\nOnce upon a time; there # was\n/reset\n/end\nset seed --json\n");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.lastJson().path("seed").asText()).isEqualTo("42");
        Run generated = Run.piped(folder, open + "generate 'Once upon a time; there # was' --json\n");
        assertThat(run.out()).contains(generated.lastJson().path("response").asText());
        assertThat(generated.lastJson().path("tokens").asInt()).isEqualTo(12);
    }
}
