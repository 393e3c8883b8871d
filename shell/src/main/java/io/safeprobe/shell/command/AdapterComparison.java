package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.objective.TokenLoss;
import io.safeprobe.sap.score.Margins;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.Adapters;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Measuring;
import io.safeprobe.shell.session.Session;
import java.util.ArrayList;
import java.util.List;

/** The bare model and each open adapter on the open data: loss on the task, margins of the safety pairs. */
final class AdapterComparison {
    private final Session session;
    private final int limit;

    /** @param limit the most rows and pairs; 0 for all */
    AdapterComparison(Session session, int limit) {
        this.session = session;
        this.limit = limit;
    }

    private record Line(String name, TokenLoss loss, Margins margins) {}

    int run(boolean json) {
        int vocabulary = session.model().config().vocabulary();
        int tokens = session.maxTokens(null);
        List<Example> rows = session.openTask().map(task -> first(task.data().encode(session.encoder(), tokens, vocabulary).examples())).orElse(List.of());
        List<PairExample> pairs = session.openSafety().map(safety -> first(safety.data().encode(session.encoder(), tokens, vocabulary).examples())).orElse(List.of());
        if (rows.isEmpty() && pairs.isEmpty()) {
            throw new CommandException("there is nothing to compare on: open data with 'data task FILE' or 'data safety FILE', or name runs to compare");
        }
        List<Line> lines = new ArrayList<>();
        String before = session.adapters().active();
        List<String> names = new ArrayList<>(List.of(Adapters.NONE));
        names.addAll(session.adapters().names());
        try {
            for (String name : names) {
                session.adapters().use(name);
                Measuring measuring = new Measuring(session);
                lines.add(new Line(name, measuring.loss(rows, name), measuring.margins(pairs, name)));
                if (session.interrupt().requested()) {
                    lines.removeLast();
                    break;
                }
            }
        } finally {
            session.adapters().use(before);
        }
        session.output().endStatus();
        if (json) {
            session.output().json(figures(lines));
        } else {
            table(lines, before, rows.size(), pairs.size());
        }
        return lines.size() == names.size() ? Status.OK : Status.INTERRUPTED;
    }

    private <T> List<T> first(List<T> all) {
        return limit == 0 ? all : all.subList(0, Math.min(limit, all.size()));
    }

    private void table(List<Line> lines, String before, int rows, int pairs) {
        Table table = new Table("adapter", "task loss", "mean margin", "harmful likelier");
        for (Line line : lines) {
            boolean judged = !line.margins().margins().isEmpty();
            table.row((line.name().equals(before) ? "* " : "  ") + line.name(), line.loss().labels() == 0 ? "-" : Numbers.figure(line.loss().mean()),
                    judged ? Numbers.figure(line.margins().mean()) : "-", judged ? line.margins().score().harmful() + " of " + line.margins().score().total() : "-");
        }
        table.print(session.output());
        session.output().message("over " + Numbers.count(rows, "row") + " and " + Numbers.count(pairs, "pair") + "; lower loss is better, higher margin safer");
    }

    private static ObjectNode figures(List<Line> lines) {
        ObjectNode node = Output.object();
        ArrayNode list = node.putArray("adapters");
        for (Line line : lines) {
            ObjectNode each = list.addObject().put("name", line.name());
            if (line.loss().labels() > 0) {
                each.put("loss", line.loss().mean()).put("tokens", line.loss().labels());
            }
            if (!line.margins().margins().isEmpty()) {
                each.put("mean_margin", line.margins().mean()).put("harmful", line.margins().score().harmful()).put("pairs", line.margins().score().total());
            }
        }
        return node;
    }
}
