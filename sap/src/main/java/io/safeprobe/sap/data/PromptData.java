package io.safeprobe.sap.data;

import io.safeprobe.model.chat.Message;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Prompts to score a model with. Immutable. */
public final class PromptData {
    private static final String TYPE = "type";
    private static final String LABEL = "label";

    private final Rows<Prompt> rows;

    private PromptData(Rows<Prompt> rows) {
        this.rows = rows;
    }

    /**
     * Reads JSONL, a JSON array (of objects, or of texts), CSV, each also with gzip or zstd, Parquet or Arrow; a file, a folder of shards or a
     * pattern of names.
     *
     * <p>Without a map it knows, in this order: {@code prompt} (XSTest, where prompts are told apart by being safe or unsafe); {@code goal} (AdvBench); {@code Goal} (JailbreakBench);
     * {@code (ContextString) Behavior} (HarmBench); {@code forbidden_prompt} (StrongREJECT); {@code instruction (input)};
     * {@code question}; {@code text}. Empty prompts are dropped and counted.
     *
     * @param map what the columns hold, null to recognise it
     * @param limit how many records of the file to read, 0 for all
     * @throws DataException when the file cannot be read, a row lacks a column or no prompt is usable
     */
    public static PromptData read(Path file, @Nullable ColumnMap map, int limit) {
        return new PromptData(Rows.read(file, map, limit, Recognition.PROMPTS, PromptData::prompt));
    }

    /** The file and how it was understood. */
    public DataSource source() {
        return rows.source();
    }

    /** The usable prompts in the order of the file, at least one. */
    public List<Prompt> prompts() {
        return rows.values();
    }

    /** Prompts that a good model answers. */
    public int harmless() {
        return (int) rows.values().stream().filter(Prompt::harmless).count();
    }

    /** What was read and what was dropped; no token counts. */
    public DataReport report() {
        return rows.report();
    }

    private static Prompt prompt(Cells cells, Layout layout, Fields record) throws Rows.Unusable {
        List<Message> messages = cells.prompt(record);
        if (messages.isEmpty()) {
            throw new Rows.Unusable("empty prompt");
        }
        if (messages.getLast().role().equals("assistant")) {
            throw new Rows.Unusable("the messages end with one of the assistant, so there is nothing to answer");
        }
        return new Prompt(messages, layout.required().contains(TYPE) && harmless(cells, record));
    }

    /** XSTest says so in its label or, where a copy has none, by a type that begins with "contrast". */
    private static boolean harmless(Cells cells, Fields record) {
        if (!record.values().containsKey(LABEL)) {
            return !cells.text(record, TYPE).startsWith("contrast");
        }
        String label = cells.text(record, LABEL);
        return switch (label) {
            case "safe" -> true;
            case "unsafe" -> false;
            default -> throw cells.fault(record, "'" + LABEL + "' is '" + label + "'; in XSTest it is safe or unsafe. For other data name the prompt alone: --map prompt=prompt");
        };
    }
}
