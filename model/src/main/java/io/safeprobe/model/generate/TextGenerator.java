package io.safeprobe.model.generate;

import io.safeprobe.model.tokenizer.StreamDecoder;
import io.safeprobe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Generates responses as texts, which stop strings may end. A stop string is looked for in the text of the response, not in the prompt; the text is cut before
 * it, and no part of it is ever shown. The tokens of the response are what was generated, the stop string's included. (transformers leaves the
 * stop string in the text.) A stop string that is a control token's text, such as {@code <|im_end|>}, which no text would show, is an end token.
 */
public final class TextGenerator {
    private final Generator generator;
    private final Tokenizer tokenizer;

    /** A generator of texts. */
    public TextGenerator(Generator generator, Tokenizer tokenizer) {
        this.generator = generator;
        this.tokenizer = tokenizer;
    }

    /** A response and its text. */
    public record Answer(Generator.Response response, String text) {}

    /** Takes texts as they come. */
    public interface Listener {
        /** The text of prompt {@code sequence} goes on with {@code part}. */
        void part(int sequence, String part);
    }

    /**
     * Answers prompts; see {@link Generator#generate}.
     *
     * @param listener null when nobody wants the texts before they are whole
     */
    public List<Answer> generate(List<int[]> prompts, GenerationConfig config, Seeds seeds, @Nullable Listener listener, BooleanSupplier cancelled) {
        Set<Integer> endIds = new HashSet<>(config.endIds());
        List<String> texts = new ArrayList<>();
        for (String string : config.stopStrings()) {
            OptionalInt id = tokenizer.specialId(string);
            id.ifPresentOrElse(endIds::add, () -> texts.add(string));
        }
        GenerationConfig ending = config.withEndIds(endIds);
        if (listener == null && texts.isEmpty()) {
            return generator.generate(prompts, ending, seeds, Generator.Listener.NONE, cancelled).stream()
                    .map(response -> new Answer(response, tokenizer.decode(response.toArray(), true)))
                    .toList();
        }
        Listener parts = listener == null ? (sequence, part) -> {} : listener;
        StopStrings stops = new StopStrings(texts);
        List<Text> streams = prompts.stream().map(_ -> new Text(stops)).toList();
        List<Generator.Response> responses = generator.generate(prompts, ending, seeds, (sequence, id) -> {
            Text text = streams.get(sequence);
            parts.part(sequence, text.next(id));
            return text.stopped();
        }, cancelled);
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < responses.size(); i++) {
            Text text = streams.get(i);
            parts.part(i, text.rest());
            answers.add(new Answer(responses.get(i), text.shown()));
        }
        return answers;
    }

    /** The text of one response. */
    private final class Text {
        private final StreamDecoder decoder = new StreamDecoder(tokenizer);
        private final StringBuilder certain = new StringBuilder();
        private final StopStrings stops;
        private final List<Integer> ids = new ArrayList<>();
        private String shown = "";

        Text(StopStrings stops) {
            this.stops = stops;
        }

        String next(int id) {
            ids.add(id);
            certain.append(decoder.next(id));
            return show(stopped() ? stops.cut(whole()) : stops.certain(certain.toString()));
        }

        /** What was held back, now that nothing follows. */
        String rest() {
            certain.append(decoder.rest());
            return show(stopped() ? stops.cut(whole()) : certain.toString());
        }

        /** Asked of all tokens: the text that is certain may lag behind. */
        boolean stopped() {
            return !stops.isEmpty() && stops.in(whole());
        }

        private String whole() {
            return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray(), true);
        }

        String shown() {
            return shown;
        }

        private String show(String text) {
            String part = text.substring(shown.length());
            shown = text;
            return part;
        }
    }
}
