package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person at a terminal sees. */
class InteractiveTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void commandsRunAndErrorsLeaveThePromptThere() {
        Run run = new Typed(folder).line("set seed 7").line("opne x").line("train --lr fast").line("set seed").leave();
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("perhaps 'open'").contains("'fast'");
        assertThat(run.out().lines().filter(line -> line.startsWith("seed "))).hasSize(2).allMatch(line -> line.contains(" 7 "));
    }

    @Test
    void ctrlCAtThePromptClearsTheLineAndCtrlDLeaves() {
        Typed typed = new Typed(folder, "xterm-256color").keys("set seed 99");
        typed.awaitNew("99");
        Run run = typed.keys("\003").start("set seed").awaitNew("of training").leave();
        assertThat(run.status()).isZero();
        assertThat(run.out().lines().filter(line -> line.contains("seed  "))).hasSize(1).allMatch(line -> line.contains(" 42 "));
    }

    @Test
    void ctrlCEndsATrainingAfterItsStepAndKeepsWhatItHas() throws IOException {
        Typed typed = new Typed(folder).line("open " + Golden.MODEL).line("data task " + Golden.TASK).line("data safety " + Golden.PAIRS);
        typed.start("train --steps 1000000 --batch 2 --out r");
        awaitSteps(3);
        typed.keys("\003").awaitNew("go on with: train --resume").awaitNew("sap> ");
        Run run = typed.line("info").line("save kept").leave();
        assertThat(run.out()).contains("ending after this step").contains("stopped after step").contains("adapter saved in");
        assertThat(run.status()).isZero();
        assertThat(folder.resolve("r/adapter/adapter_model.safetensors")).isRegularFile();
        assertThat(Files.readAllBytes(folder.resolve("kept/adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(folder.resolve("r/adapter/adapter_model.safetensors")));
        try (var entries = Files.list(folder.resolve("r"))) {
            assertThat(entries.map(entry -> entry.getFileName().toString())).anyMatch(name -> name.startsWith("checkpoint-"));
        }
    }

    @Test
    void aTrainingThatWasInterruptedGoesOnAsIfItHadNotBeen() throws IOException {
        String options = "train --steps 400 --batch 2 --lr 1e-2 --epsilon 0.1 --save-every 1000 --out ";
        Typed typed = new Typed(folder).line("open " + Golden.MODEL).line("data task " + Golden.TASK).line("data safety " + Golden.PAIRS);
        typed.start(options + "stopped --profile");
        awaitSteps(2, "stopped");
        typed.keys("\003").awaitNew("go on with").awaitNew("sap> ");
        Run run = typed.line("train --resume stopped --profile").line(options + "whole").leave();
        assertThat(run.status()).isZero();
        assertThat(folder.resolve("stopped/profile.jfr")).isNotEmptyFile();
        assertThat(folder.resolve("stopped/profile-2.jfr")).isNotEmptyFile();
        assertThat(Files.readAllBytes(folder.resolve("stopped/adapter/adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(folder.resolve("whole/adapter/adapter_model.safetensors")));
        JsonNode runs = Run.of(folder, "compare", "stopped", "whole", "--json").json().path("runs");
        assertThat(runs.get(0).path("l_su_sum")).isEqualTo(runs.get(1).path("l_su_sum"));
    }

    @Test
    void aStatusLineShowsStepsLossesSpeedTimeAndMemory() {
        Typed typed = new Typed(folder, "xterm-256color");
        typed.start("open " + Golden.MODEL + "; data task " + Golden.TASK + "; data safety " + Golden.PAIRS + "; train --steps 60 --batch 2 --out r");
        typed.awaitNew("sap: 60 steps");
        Run run = typed.leave();
        // Only what changes is drawn anew, so the line stands there whole the first time only.
        assertThat(run.out()).contains("sap: step 0 of 60").containsPattern("\\d+ of 60 · loss [0-9.]+ · safety [0-9.]+ · l_su \\S+ · [0-9,]+ tokens/s · \\d+ s left · \\d+ [kM]B");
    }

    @Test
    void shownRowsAreColouredWhereThereAreColours() {
        Typed typed = new Typed(folder, "xterm-256color");
        typed.start("open " + Golden.MODEL + "; data task " + Golden.TASK + "; data show").awaitNew("<83>");
        typed.leave();
        assertThat(typed.screen()).contains("\033[1;32m<83>\033[0m").contains("\033[2m<1>\033[0m");
    }

    @Test
    void tabCompletesCommandsOptionsAndFiles() throws IOException {
        Files.createDirectories(folder.resolve("models/some-model"));
        Typed typed = new Typed(folder, "xterm-256color");
        typed.keys("tra\t --norm\t").awaitNew("--normalize-probe");
        typed.keys("\003open " + folder + "/mod\tso\t").awaitNew("some-model");
        typed.keys("\003");
        assertThat(typed.leave().status()).isZero();
    }

    @Test
    void whatWasTypedIsRememberedInAFile() throws IOException {
        new Typed(folder).line("set seed 7").line("history").leave();
        assertThat(Files.readString(folder.resolve("history"))).contains("set seed 7");
        assertThat(new Typed(folder).line("history").leave().out()).contains("1  set seed 7");
    }

    private void awaitSteps(int steps) throws IOException {
        awaitSteps(steps, "r");
    }

    private void awaitSteps(int steps, String run) throws IOException {
        Path log = folder.resolve(run).resolve("log.jsonl");
        long end = System.nanoTime() + 120_000_000_000L;
        while (!Files.isRegularFile(log) || Files.readString(log).lines().count() < steps) {
            assertThat(System.nanoTime()).as("time for %s steps", steps).isLessThan(end);
            try {
                Thread.sleep(10);
            } catch (InterruptedException stopped) {
                throw new AssertionError(stopped);
            }
        }
    }
}
