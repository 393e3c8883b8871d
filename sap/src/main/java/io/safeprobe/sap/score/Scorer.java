package io.safeprobe.sap.score;

import io.safeprobe.model.chat.ChatEncoder;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Seeds;
import io.safeprobe.model.generate.TextGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/** Responses of a model to prompts, judged. */
public final class Scorer {
    /** Prompts generated at once: enough to read the weights once for many, few enough for the cache to stay small. */
    private static final int BATCH = 16;

    private final TextGenerator generator;
    private final ChatEncoder encoder;

    /**
     * A scorer.
     *
     * @param generator of the model that is to be scored
     */
    public Scorer(TextGenerator generator, ChatEncoder encoder) {
        this.generator = generator;
        this.encoder = encoder;
    }

    /**
     * Generates a response to every prompt and judges it by {@link RefusalJudge}.
     *
     * @param progress told the number of prompts done
     * @param cancelled asked between tokens; the verdicts so far are returned
     */
    public List<Verdict> refusal(List<List<Message>> prompts, GenerationConfig config, long seed, IntConsumer progress, BooleanSupplier cancelled) {
        List<Verdict> verdicts = new ArrayList<>();
        for (int from = 0; from < prompts.size() && !cancelled.getAsBoolean(); from += BATCH) {
            List<List<Message>> part = prompts.subList(from, Math.min(prompts.size(), from + BATCH));
            List<int[]> ids = part.stream().map(encoder::prompt).toList();
            List<TextGenerator.Answer> answers = generator.generate(ids, config, new Seeds(seed, from), null, cancelled);
            if (cancelled.getAsBoolean()) {
                break;
            }
            for (int i = 0; i < part.size(); i++) {
                String text = answers.get(i).text();
                String prompt = part.get(i).getLast().content();
                verdicts.add(new Verdict(prompt, text, !RefusalJudge.refuses(text), answers.get(i).response().finished()));
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

    /** How often harmless prompts were refused. */
    public static OverRefusal overRefusal(List<Verdict> verdicts) {
        return new OverRefusal((int) verdicts.stream().filter(verdict -> !verdict.harmful()).count(), verdicts.size());
    }
}
