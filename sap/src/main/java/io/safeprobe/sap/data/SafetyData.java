package io.safeprobe.sap.data;

import io.safeprobe.model.chat.Message;
import io.safeprobe.sap.data.ColumnMap.Role;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Safety pairs. Immutable. */
public final class SafetyData {
    private final Rows<SafetyPair> rows;

    private SafetyData(Rows<SafetyPair> rows) {
        this.rows = rows;
    }

    /**
     * Reads JSONL, a JSON array, CSV, each also with gzip or zstd, Parquet or Arrow; a file, a folder of shards or a pattern of names.
     *
     * <p>Without a map it knows, in this order: {@code chosen_input_ids, chosen_labels, rejected_input_ids, rejected_labels};
     * {@code prompt, safe, harmful}; {@code prompt, chosen, rejected}; {@code chosen, rejected} alone, which are hh-rlhf dialogues or
     * lists of messages: their common turns are the prompt, the last turn of the Assistant is the response;
     * {@code prompt, output, llama3_output} (circuit-breakers); {@code prompt, response_0, response_1, is_response_0_safe,
     * is_response_1_safe} (PKU-SafeRLHF), a pair where exactly one response is safe. A map without {@code prompt} also means dialogues.
     * Pairs that hold nothing to contrast (an empty response, two equal ones, dialogues that differ before the last turn) are dropped and
     * counted.
     *
     * @param map what the columns hold, null to recognise it
     * @param limit how many records of the file to read, 0 for all
     * @throws DataException when the file cannot be read, a row lacks a column or no pair is usable
     */
    public static SafetyData read(Path file, @Nullable ColumnMap map, int limit) {
        return new SafetyData(Rows.read(file, map, limit, Recognition.SAFETY, SafetyData::pair));
    }

    /** The file and how it was understood. */
    public DataSource source() {
        return rows.source();
    }

    /** The usable pairs in the order of the file, at least one. */
    public List<SafetyPair> pairs() {
        return rows.values();
    }

    /** What was read and what was dropped; no token counts. */
    public DataReport report() {
        return rows.report();
    }

    /**
     * Encodes all pairs. Of a long side the first {@code maxTokens} tokens stay; a pair is dropped and counted when either side then has
     * nothing to learn.
     *
     * @param encoder for pairs of text
     * @param maxTokens tokens of prompt and one response together, at least 2
     * @param vocabSize of the model
     * @throws DataException when a pair is malformed or none is left
     */
    public Encoded<PairExample> encode(RowEncoder encoder, int maxTokens, int vocabSize) {
        RowEncoding encoding = new RowEncoding(source().file(), encoder, maxTokens, vocabSize);
        return encoding.all(rows, (pair, place) -> {
            RowEncoding.Cut<Example> safe = switch (pair) {
                case SafetyPair.Text text -> encoding.cut(place, encoding.text(place, text.prompt(), text.safe()));
                case SafetyPair.Tokens tokens -> encoding.cut(place, tokens.safe());
            };
            RowEncoding.Cut<Example> harmful = switch (pair) {
                case SafetyPair.Text text -> encoding.cut(place, encoding.text(place, text.prompt(), text.harmful()));
                case SafetyPair.Tokens tokens -> encoding.cut(place, tokens.harmful());
            };
            return safe.with(harmful, PairExample::new);
        }, pair -> List.of(pair.safe(), pair.harmful()), ExampleCodec.PAIRS);
    }

    private static SafetyPair pair(Cells cells, Layout layout, Fields record) throws Rows.Unusable {
        return switch (layout.form()) {
            case TOKENS -> new SafetyPair.Tokens(TaskData.tokens(cells, record, layout.required().get(0), layout.required().get(1)),
                    TaskData.tokens(cells, record, layout.required().get(2), layout.required().get(3)));
            case TEXT -> {
                List<Message> prompt = cells.prompt(record);
                yield text(prompt, cells.response(record, Role.SAFE, prompt), cells.response(record, Role.HARMFUL, prompt));
            }
            case JUDGED -> judged(cells, layout.required(), record);
            case DIALOGUES -> dialogues(dialogue(cells, layout, record, Role.SAFE), dialogue(cells, layout, record, Role.HARMFUL));
            case MESSAGES -> throw new IllegalStateException("a safety pair has no single list of messages");
        };
    }

    private static SafetyPair judged(Cells cells, List<String> columns, Fields record) throws Rows.Unusable {
        boolean firstSafe = cells.truth(record, columns.get(3));
        if (firstSafe == cells.truth(record, columns.get(4))) {
            throw new Rows.Unusable(firstSafe ? "both responses are safe" : "neither response is safe");
        }
        String first = cells.text(record, columns.get(1));
        String second = cells.text(record, columns.get(2));
        return text(Cells.prompt(cells.text(record, columns.get(0))), firstSafe ? first : second, firstSafe ? second : first);
    }

    private static Dialogue dialogue(Cells cells, Layout layout, Fields record, Role role) {
        Optional<List<Message>> messages = cells.conversation(record, role);
        if (messages.isPresent()) {
            return new Dialogue(messages.get());
        }
        return Dialogue.parse(cells.text(record, role)).orElseThrow(() -> cells.fault(record, "'" + String.join("+", layout.columns().of(role))
                + "' is no dialogue of \"\\n\\nHuman: ..\" and \"\\n\\nAssistant: ..\" turns; if another column holds the prompt, name it with --map "
                + Recognition.SAFETY.mapSyntax()));
    }

    private static SafetyPair dialogues(Dialogue safe, Dialogue harmful) throws Rows.Unusable {
        for (Dialogue dialogue : List.of(safe, harmful)) {
            String fault = dialogue.fault().orElse("");
            if (!fault.isEmpty()) {
                throw new Rows.Unusable(fault);
            }
        }
        if (!safe.prompt().equals(harmful.prompt())) {
            throw new Rows.Unusable("the dialogues differ before the last turn");
        }
        return text(safe.prompt(), safe.response(), harmful.response());
    }

    private static SafetyPair text(List<Message> prompt, String safe, String harmful) throws Rows.Unusable {
        if (prompt.isEmpty()) {
            throw new Rows.Unusable("empty prompt");
        }
        if (safe.isBlank() || harmful.isBlank()) {
            throw new Rows.Unusable("empty response");
        }
        if (safe.equals(harmful)) {
            throw new Rows.Unusable("both responses are the same");
        }
        return new SafetyPair.Text(prompt, safe, harmful);
    }
}
