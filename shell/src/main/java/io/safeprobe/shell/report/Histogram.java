package io.safeprobe.shell.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How lengths are spread, in words and as JSON: in at most twelve ranges of equal width, the width 1, 2 or 5 times a power of ten. */
public final class Histogram {
    private static final int RANGES = 12;
    private static final int WIDEST = 40;

    private final int[] sorted;

    /** Of lengths in any order, at least one, none negative. */
    public Histogram(int[] lengths) {
        sorted = lengths.clone();
        Arrays.sort(sorted);
    }

    private record Range(int from, int to, int count) {}

    /** A line a range, its count and a bar. */
    public List<String> lines() {
        List<Range> ranges = ranges();
        int most = ranges.stream().mapToInt(Range::count).max().orElse(1);
        int digits = String.valueOf(ranges.getLast().to()).length();
        int countDigits = Numbers.count(most).length();
        List<String> lines = new ArrayList<>();
        for (Range range : ranges) {
            // A bar for anything at all, so that one long row among thousands is seen.
            String bar = "#".repeat(Math.ceilDiv(WIDEST * range.count(), most));
            lines.add((padded(range.from() + "", digits) + " to " + padded(range.to() + "", digits) + "  " + padded(Numbers.count(range.count()), countDigits)
                    + "  " + bar).stripTrailing());
        }
        return lines;
    }

    /** Shortest, median, 90th percentile and longest. */
    public String summary() {
        return sorted[0] + " to " + sorted[sorted.length - 1] + ", median " + quantile(0.5) + ", 90th percentile " + quantile(0.9);
    }

    /** The same as JSON. */
    public ObjectNode json() {
        ObjectNode json = Output.object().put("sequences", sorted.length).put("min", sorted[0]).put("median", quantile(0.5)).put("p90", quantile(0.9));
        json.put("max", sorted[sorted.length - 1]);
        var ranges = json.putArray("ranges");
        ranges().forEach(range -> ranges.addObject().put("from", range.from()).put("to", range.to()).put("count", range.count()));
        return json;
    }

    /** The smallest length that at least this share of all does not exceed. */
    private int quantile(double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }

    private List<Range> ranges() {
        int width = width();
        int begin = sorted[0] / width * width;
        int[] counts = new int[(sorted[sorted.length - 1] - begin) / width + 1];
        for (int length : sorted) {
            counts[(length - begin) / width]++;
        }
        List<Range> ranges = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            ranges.add(new Range(begin + i * width, begin + (i + 1) * width - 1, counts[i]));
        }
        return ranges;
    }

    private int width() {
        for (int power = 1;; power *= 10) {
            for (int step : new int[] {1, 2, 5}) {
                int width = step * power;
                if (sorted[sorted.length - 1] / width - sorted[0] / width < RANGES) {
                    return width;
                }
            }
        }
    }

    private static String padded(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }
}
