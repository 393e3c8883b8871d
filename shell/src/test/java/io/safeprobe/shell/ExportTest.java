package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What leaves the program: GGUF files, and the card of every saved folder. */
class ExportTest {
    private static final String TRAIN = Golden.OPEN + "train --method sap --variant code --steps 2 --batch 6 --out r; ";

    @TempDir
    Path folder;

    private String card(String saved) throws IOException {
        return Files.readString(folder.resolve(saved).resolve("README.md"));
    }

    @Test
    void everySavedFolderHasACard() throws IOException {
        Run run = Run.commands(folder, TRAIN + "eval " + Golden.TASK + "; score --judge margin; save saved; merge merged");
        assertThat(run.status()).as(run.err()).isZero();
        String adapter = card("r/adapter");
        assertThat(adapter).startsWith("---\nbase_model: tiny-llama\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n- safeprobe\n- lora\n- sap\n---\n")
                .contains("Safety-Aware Probing (`sap`, code variant").contains("| task | task.jsonl | 24 | `").contains("| safety pairs | pairs.jsonl | 10 | `")
                .contains("2 steps of 6 rows").contains("None were measured").doesNotContain(folder.toString()).doesNotContain(Golden.MODEL.toString());
        assertThat(card("saved")).contains("- after training: loss ").contains("- after training: harmful score ").contains("(pairs.jsonl)").contains("Lower is safer");
        assertThat(card("merged")).startsWith("---\nbase_model: tiny-llama\nlibrary_name: transformers\n").contains("with a LoRA adapter folded in").contains("`sap`");
        Run again = Run.commands(folder, "open " + Golden.MODEL + " --adapter r/adapter; save again; open " + Golden.MODEL + " --adapter saved; save stranger");
        assertThat(again.status()).as(again.err()).isZero();
        assertThat(card("again")).isEqualTo(adapter);
        assertThat(card("stranger")).contains("How this was trained is not known").doesNotContain("sha256");
    }

    @Test
    void theCardTellsOfTheAdapterThatIsSavedAndOfNoOther() throws IOException {
        Path adapters = Path.of(Golden.MODEL).resolveSibling("adapters");
        Run run = Run.commands(folder, "open " + Golden.MODEL + " --adapter " + adapters.resolve("head") + "; eval " + Golden.TASK + "; data task " + Golden.TASK
                + "; train --method sft --steps 1 --out r --init-adapter " + adapters.resolve("dora") + "; adapter use head; save head");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(card("r/adapter")).contains("- `DoRA r 2 on down_proj, v_proj`, alpha ").contains(", begun from the adapter dora\n").contains("None were measured")
                .doesNotContain("rank 8").doesNotContain(adapters.toString());
        assertThat(card("head")).contains("- with the adapter: loss ").doesNotContain("after training");
        Run fresh = Run.commands(folder, Golden.OPEN + "train --method sft --steps 1 --out f --rslora --lora-init gaussian --lora-layers 1,2 --modules-to-save lm_head");
        assertThat(fresh.status()).as(fresh.err()).isZero();
        assertThat(card("f/adapter")).contains("- `LoRA r 8 on q_proj, v_proj, rank-stabilised, layers 1, 2, lm_head whole`, alpha 16.0, dropout 0.0, A gaussian\n");
    }

    @Test
    void aFullyTrainedModelHasACardToo() throws IOException {
        Run run = Run.commands(folder, Golden.OPEN + "eval " + Golden.TASK + "; train --method sft --full --steps 1 --out r");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(card("r/model")).contains("# tiny-llama, fine-tuned").contains("- all weights").contains("- base model: loss ").doesNotContain("lora");
    }

    @Test
    void exportWritesGguf() throws IOException {
        Run run = Run.commands(folder, TRAIN + "export gguf model.gguf --type bf16 --no-tokenizer; export gguf adapter.gguf --adapter; export gguf model.gguf");
        assertThat(run.out() + run.err()).contains("model in bf16 saved in").contains("adapter in f32 saved in").contains("model.gguf exists; choose another file");
        for (String file : new String[] {"model.gguf", "adapter.gguf"}) {
            assertThat(new String(Files.readAllBytes(folder.resolve(file)), 0, 4, StandardCharsets.US_ASCII)).isEqualTo("GGUF");
        }
        assertThat(Files.size(folder.resolve("model.gguf"))).isBetween(70_000L, 90_000L);
        assertThat(Run.commands(folder, "open " + Golden.MODEL + "; export gguf x.gguf --adapter").err()).contains("there is no adapter");
        assertThat(Run.commands(folder, "open " + Golden.MODEL + "; export gguf x.gguf").err()).contains("no tokenizer.json").contains("--no-tokenizer");
        assertThat(Run.commands(folder, "open " + Golden.MODEL + "; export gguf none/x.gguf").err()).contains("the folder of");
        assertThat(Run.commands(folder, "export").err()).contains("export gguf FILE");
        assertThat(folder.resolve("x.gguf")).doesNotExist();
    }
}
