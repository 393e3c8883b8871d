package io.safeprobe.engine.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came out: a table to read, a file to compute with, and whether the compiler got stuck. */
record Report(int threads, List<Samples> cases) {
    private static final List<String> HEADER =
            List.of("case", "ours µs", "other µs", "ours", "other", "rate", "other/ours", "10%", "90%", "runs", "other is");
    /** No product is as slow beside another library's, or beside the fastest of the run, unless it runs uncompiled or with its vectors as objects. */
    private static final double STUCK = 0.5;
    private static final double FAR_BEHIND = 0.2;

    /** A Markdown table, aligned; ratios above 1 where ours is faster. */
    String table() {
        List<List<String>> rows = new ArrayList<>(List.of(HEADER));
        cases.forEach(samples -> rows.add(row(samples)));
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            line(table, rows.get(i), widths);
            if (i == 0) {
                rule(table, widths);
            }
        }
        return table.toString();
    }

    private static List<String> row(Samples samples) {
        double ours = samples.oursMedian();
        if (!samples.isCompared()) {
            return List.of(samples.name(), micros(ours), "-", rate(samples, ours), "-", samples.unit(), "-", "-", "-", runs(samples),
                    samples.against());
        }
        double other = samples.otherMedian();
        return List.of(samples.name(), micros(ours), micros(other), rate(samples, ours), rate(samples, other), samples.unit(),
                ratio(samples, 0.5), ratio(samples, 0.1), ratio(samples, 0.9), runs(samples), samples.against());
    }

    private static String micros(double nanos) {
        return String.format(Locale.ROOT, nanos < 100_000 ? "%.1f" : "%.0f", nanos / 1e3);
    }

    private static String rate(Samples samples, double nanos) {
        return samples.unit().isEmpty() ? "" : String.format(Locale.ROOT, "%.1f", samples.work() / nanos);
    }

    private static String ratio(Samples samples, double quantile) {
        return String.format(Locale.ROOT, "%.2f", samples.ratio(quantile));
    }

    private static String runs(Samples samples) {
        return Integer.toString(samples.ours().size());
    }

    private static boolean isText(int column) {
        return column == 0 || HEADER.get(column).equals("rate") || column == HEADER.size() - 1;
    }

    private static void line(StringBuilder table, List<String> row, int[] widths) {
        for (int column = 0; column < widths.length; column++) {
            String padding = " ".repeat(widths[column] - row.get(column).length());
            table.append("| ").append(isText(column) ? row.get(column) + padding : padding + row.get(column)).append(' ');
        }
        table.append("|\n");
    }

    private static void rule(StringBuilder table, int[] widths) {
        for (int column = 0; column < widths.length; column++) {
            table.append('|').append("-".repeat(widths[column] + 1)).append(isText(column) ? '-' : ':');
        }
        table.append("|\n");
    }

    /** Writes all figures of the table, unrounded, and what machine they are of. */
    void write(Path file) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode();
        root.put("java", System.getProperty("java.version"));
        root.put("os", System.getProperty("os.name"));
        root.put("arch", System.getProperty("os.arch"));
        root.put("processors", Runtime.getRuntime().availableProcessors());
        root.put("threads", threads);
        ArrayNode list = root.putArray("cases");
        for (Samples samples : cases) {
            ObjectNode node = list.addObject().put("name", samples.name()).put("runs", samples.ours().size());
            put(node, "ours", samples, samples.oursMedian());
            if (samples.isCompared()) {
                node.put("other", samples.against());
                put(node, "other", samples, samples.otherMedian());
                node.put("ratio", samples.ratio(0.5)).put("ratio_p10", samples.ratio(0.1)).put("ratio_p90", samples.ratio(0.9));
            }
        }
        mapper.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), root);
    }

    private static void put(ObjectNode node, String side, Samples samples, double nanos) {
        node.put(side + "_us", nanos / 1e3);
        if (!samples.unit().isEmpty()) {
            node.put(side + "_" + (samples.unit().equals(Pair.FLOPS) ? "gflops" : "gbs"), samples.work() / nanos);
        }
    }

    /** One sentence for each matrix product that ran at less than half the rate of the other's in the same moments, or a fifth of the best of any product here. */
    List<String> stuck() {
        List<Samples> products = cases.stream().filter(samples -> samples.name().startsWith(MatmulCase.PREFIX)).toList();
        double best = products.stream().mapToDouble(Report::bestRate).max().orElse(0);
        return products.stream()
                .filter(samples -> samples.work() / samples.oursMedian() < FAR_BEHIND * best || (samples.isCompared() && samples.ratio(0.5) < STUCK))
                .map(samples -> String.format(Locale.ROOT, "'%s' ran at %.1f GFLOP/s where %.1f were reached by a matrix product of this run: the JIT "
                        + "compiler is stuck, or the machine is very busy", samples.name(), samples.work() / samples.oursMedian(), best))
                .toList();
    }

    private static double bestRate(Samples samples) {
        double fastest = samples.isCompared() ? Math.min(samples.oursMedian(), samples.otherMedian()) : samples.oursMedian();
        return samples.work() / fastest;
    }
}
