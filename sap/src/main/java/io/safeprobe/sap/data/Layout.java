package io.safeprobe.sap.data;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A way columns are used.
 *
 * @param name for reports
 * @param form what the columns hold
 * @param required columns the file must have
 * @param optional columns that a row may lack
 * @param columns by role; empty for forms that do not go by roles
 */
record Layout(String name, Form form, List<String> required, Set<String> optional, ColumnMap columns) {
    /** What the columns hold. */
    enum Form {
        /** A text for each role. */
        TEXT,
        /** Token ids and labels. */
        TOKENS,
        /** A list of messages of which the last is learnt. */
        MESSAGES,
        /** Two dialogues that differ in the last turn. */
        DIALOGUES,
        /** A prompt, two responses, and for each whether it is safe. */
        JUDGED
    }

    static Layout tokens(String... required) {
        return new Layout("token ids and labels", Form.TOKENS, List.of(required), Set.of(), new ColumnMap(Map.of()));
    }

    static Layout messages(String name, String column) {
        return new Layout(name, Form.MESSAGES, List.of(column), Set.of(), new ColumnMap(Map.of()));
    }

    /** A prompt, two responses and their judgements, in this order. */
    static Layout judged(String name, String prompt, String first, String second, String firstSafe, String secondSafe) {
        return new Layout(name, Form.JUDGED, List.of(prompt, first, second, firstSafe, secondSafe), Set.of(), new ColumnMap(Map.of()));
    }

    static Layout text(String name, ColumnMap columns) {
        return of(name, Form.TEXT, columns, Set.of());
    }

    static Layout text(String name, String map, String... optional) {
        return of(name, Form.TEXT, ColumnMap.parse(map), Set.of(optional));
    }

    /** A layout whose required columns are those of its map; {@code optional} ones must be in the file but may be missing in a row. */
    static Layout of(String name, Form form, ColumnMap columns, Set<String> optional) {
        return new Layout(name, form, columns.columns().values().stream().flatMap(List::stream).distinct().toList(), optional, columns);
    }

    /** The same, recognised only where the file has these columns as well. */
    Layout beside(String... others) {
        return new Layout(name, form, Stream.concat(required.stream(), Stream.of(others)).toList(), optional, columns);
    }

    /** What a user may write after --map for the same effect, or the columns where no map can say it. */
    String mapping() {
        return columns.columns().isEmpty() ? String.join(",", required) : columns.toString();
    }

    boolean fits(Set<String> present) {
        return present.containsAll(required);
    }
}
