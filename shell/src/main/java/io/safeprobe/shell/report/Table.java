package io.safeprobe.shell.report;

import java.util.ArrayList;
import java.util.List;

/** A table in aligned columns: the first flush left, the others flush right. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();
    private final int leftColumns;

    /** A table with a heading. */
    public Table(String... heading) {
        this(1, heading);
    }

    /** A table whose first {@code leftColumns} columns are flush left. */
    public Table(int leftColumns, String... heading) {
        this.leftColumns = leftColumns;
        rows.add(List.of(heading));
    }

    /** Adds a row; as many cells as the heading has. */
    public Table row(String... cells) {
        if (cells.length != rows.getFirst().size()) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells in a table of " + rows.getFirst().size() + " columns");
        }
        rows.add(List.of(cells));
        return this;
    }

    /** The lines, the first being the heading. */
    public List<String> lines() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).codePointCount(0, row.get(i).length()));
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String cell = row.get(i);
                String padding = " ".repeat(widths[i] - cell.codePointCount(0, cell.length()));
                line.append(i == 0 ? "" : "  ").append(i < leftColumns ? cell + padding : padding + cell);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    /** Writes the table as a result. */
    public void print(Output output) {
        List<String> lines = lines();
        output.line(output.style().heading(lines.getFirst()));
        lines.stream().skip(1).forEach(output::line);
    }
}
