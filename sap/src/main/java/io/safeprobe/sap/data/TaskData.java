package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import io.safeprobe.sap.data.ColumnMap.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a fine-tuning task. Immutable. */
public final class TaskData {
    private final Rows<TaskRow> rows;

    private TaskData(Rows<TaskRow> rows) {
        this.rows = rows;
    }

    /**
     * Reads JSONL, a JSON array, CSV, each also with gzip or zstd, Parquet or Arrow; a file, a folder of shards or a pattern of names.
     *
     * <p>Without a map it knows, in this order: {@code input_ids, labels}; {@code prompt, response}; {@code prompt, completion};
     * {@code instruction (input) output} (Alpaca); {@code instruction, context, response} (Dolly); {@code question, answer};
     * {@code messages}; {@code conversations} (ShareGPT). A prompt or response may be a text or a list of messages. Rows without text on
     * either side are dropped and counted.
     *
     * @param map what the columns hold, null to recognise it
     * @param limit how many records of the file to read, 0 for all
     * @throws DataException when the file cannot be read, a row lacks a column or no row is usable
     */
    public static TaskData read(Path file, @Nullable ColumnMap map, int limit) {
        return new TaskData(Rows.read(file, map, limit, Recognition.TASK, TaskData::row));
    }

    /** The file and how it was understood. */
    public DataSource source() {
        return rows.source();
    }

    /** The usable rows in the order of the file, at least one. */
    public List<TaskRow> rows() {
        return rows.values();
    }

    /** What was read and what was dropped; no token counts. */
    public DataReport report() {
        return rows.report();
    }

    /**
     * Encodes all rows. Of a long row the first {@code maxTokens} tokens stay; a row that then has nothing to learn is dropped and counted.
     *
     * @param encoder for rows of text
     * @param maxTokens tokens of prompt and response together, at least 2
     * @param vocabSize of the model
     * @throws DataException when a row is malformed or none is left
     */
    public Encoded<Example> encode(RowEncoder encoder, int maxTokens, int vocabSize) {
        RowEncoding encoding = new RowEncoding(source().file(), encoder, maxTokens, vocabSize);
        return encoding.all(rows, (row, place) -> switch (row) {
            case TaskRow.Text text -> encoding.cut(place, encoding.text(place, text.prompt(), text.response()));
            case TaskRow.Tokens tokens -> encoding.cut(place, tokens.row());
        }, List::of, new ExampleCodec());
    }

    private static TaskRow row(Cells cells, Layout layout, Fields record) throws Rows.Unusable {
        return switch (layout.form()) {
            case TOKENS -> new TaskRow.Tokens(tokens(cells, record, layout.required().get(0), layout.required().get(1)));
            case MESSAGES -> conversation(cells.messages(record, layout.required().getFirst()));
            case TEXT -> {
                List<Message> prompt = cells.prompt(record);
                yield text(prompt, cells.response(record, Role.RESPONSE, prompt));
            }
            case DIALOGUES, JUDGED -> throw new IllegalStateException("a task has no pairs of responses");
        };
    }

    static EncodedRow tokens(Cells cells, Fields record, String ids, String labels) {
        int[] idValues = cells.integers(record, ids);
        int[] labelValues = cells.integers(record, labels);
        if (idValues.length != labelValues.length) {
            throw cells.fault(record, "'" + ids + "' has " + idValues.length + " entries but '" + labels + "' has " + labelValues.length
                    + "; give one label for each token, " + EncodedRow.IGNORED + " where it is not learnt");
        }
        return new EncodedRow(idValues, labelValues);
    }

    private static TaskRow conversation(List<Message> messages) throws Rows.Unusable {
        if (messages.isEmpty() || !messages.getLast().role().equals("assistant")) {
            throw new Rows.Unusable("the messages do not end with one of the assistant");
        }
        return text(new ArrayList<>(messages.subList(0, messages.size() - 1)), messages.getLast().content());
    }

    private static TaskRow text(List<Message> prompt, String response) throws Rows.Unusable {
        if (prompt.isEmpty()) {
            throw new Rows.Unusable("empty prompt");
        }
        if (response.isBlank()) {
            throw new Rows.Unusable("empty response");
        }
        return new TaskRow.Text(prompt, response);
    }
}
