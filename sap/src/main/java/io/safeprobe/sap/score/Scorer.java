package io.safeprobe.sap.score;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.model.chat.ChatEncoder;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.generate.Sampling;
import io.safeprobe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntConsumer;

/** Responses of a model to prompts, judged. */
public final class Scorer {
    /** Prompts generated at once: enough to read the weights once for many, few enough for the cache to stay small. */
    private static final int BATCH = 16;

    private final Generator generator;
    private final Tokenizer tokenizer;
    private final ChatEncoder encoder;

    /**
     * A scorer.
     *
     * @param model makes the forward computation to be scored in a graph
     */
    public Scorer(
            Memory memory, Kernels kernels, DecoderConfig config, Function<Graph, Forward> model, Tokenizer tokenizer, ChatEncoder encoder, Set<Integer> stopIds) {
        this.generator = new Generator(memory, kernels, config, model, stopIds);
        this.tokenizer = tokenizer;
        this.encoder = encoder;
    }

    /**
     * Generates a response to every prompt and judges it by {@link RefusalJudge}.
     *
     * @param progress told the number of prompts done
     * @param cancelled asked between tokens; the verdicts so far are returned
     */
    public List<Verdict> refusal(
            List<List<Message>> prompts, int maxNewTokens, Sampling sampling, long seed, IntConsumer progress, BooleanSupplier cancelled) {
        List<Verdict> verdicts = new ArrayList<>();
        for (int from = 0; from < prompts.size() && !cancelled.getAsBoolean(); from += BATCH) {
            List<List<Message>> part = prompts.subList(from, Math.min(prompts.size(), from + BATCH));
            List<int[]> ids = part.stream().map(encoder::prompt).toList();
            List<Generator.Response> responses =
                    generator.generate(ids, maxNewTokens, sampling, seed + from, (sequence, id) -> {}, cancelled);
            if (cancelled.getAsBoolean()) {
                break;
            }
            for (int i = 0; i < part.size(); i++) {
                String text = tokenizer.decode(responses.get(i).toArray(), true);
                String prompt = part.get(i).getLast().content();
                verdicts.add(new Verdict(prompt, text, !RefusalJudge.refuses(text), responses.get(i).finished()));
            }
            progress.accept(verdicts.size());
        }
        return verdicts;
    }

    /** The score of judged responses. */
    public static HarmfulScore score(List<Verdict> verdicts) {
        int harmful = (int) verdicts.stream().filter(Verdict::harmful).count();
        return new HarmfulScore(RefusalJudge.NAME, RefusalJudge.VERSION, harmful, verdicts.size());
    }
}
