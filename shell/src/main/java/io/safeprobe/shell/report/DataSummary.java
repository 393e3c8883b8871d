package io.safeprobe.shell.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.data.DataSource;
import io.safeprobe.sap.data.Dropped;
import io.safeprobe.sap.data.TokenCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What became of a data file, in words and as JSON. */
public final class DataSummary {
    private DataSummary() {}

    /** How the file was understood and what was left out; {@code unit} is what a record is called, in the singular. */
    public static List<String> lines(DataReport report, String unit) {
        DataSource source = report.source();
        List<String> lines = new ArrayList<>();
        lines.add(Numbers.count(report.rows(), unit) + " of " + source.file() + " (" + source.format() + ", " + source.layout()
                + (source.mapping().isEmpty() ? "" : ": " + source.mapping()) + ")");
        report.dropped().forEach(dropped -> lines.add("  " + dropped));
        TokenCounts tokens = report.tokens();
        if (tokens != null) {
            lines.add(String.format(Locale.ROOT, "  %s tokens, %s learnt, %d to %d a row (mean %.1f)%s", Numbers.count(tokens.tokens()),
                    Numbers.count(tokens.labelledTokens()), tokens.min(), tokens.max(), tokens.mean(),
                    tokens.truncated() == 0 ? "; none truncated" : "; " + Numbers.count(tokens.truncated()) + " truncated"));
        }
        return lines;
    }

    /** The same as JSON. */
    public static ObjectNode json(DataReport report) {
        DataSource source = report.source();
        ObjectNode json = Output.object();
        json.put("file", source.file().toString()).put("sha256", source.sha256()).put("format", source.format());
        json.put("layout", source.layout()).put("mapping", source.mapping());
        source.columns().forEach(json.putArray("columns")::add);
        json.put("records", source.records()).put("rows", report.rows());
        ArrayNode drops = json.putArray("dropped");
        for (Dropped dropped : report.dropped()) {
            drops.addObject().put("reason", dropped.reason()).put("rows", dropped.rows()).put("first", dropped.first());
        }
        TokenCounts tokens = report.tokens();
        if (tokens != null) {
            json.put("tokens", tokens.tokens()).put("labelled_tokens", tokens.labelledTokens()).put("truncated", tokens.truncated());
        }
        return json;
    }
}
