package io.safeprobe.sap.data;

/**
 * Rows left out for one reason.
 *
 * @param reason in words
 * @param rows how many, at least one
 * @param first where the first of them stands, for example {@code line 7}
 */
public record Dropped(String reason, int rows, String first) {
    @Override
    public String toString() {
        return rows + " " + (rows == 1 ? "row" : "rows") + " dropped: " + reason + " (first: " + first + ")";
    }
}
