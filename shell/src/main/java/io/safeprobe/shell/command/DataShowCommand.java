package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.sap.data.RowEncoder;
import io.safeprobe.sap.data.SafetyPair;
import io.safeprobe.sap.data.TaskRow;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the tokens of a row, and which of them are learnt. */
@Command(name = "show", description = {"Show the tokens of a row, and which are learnt.",
    "Tokens that are learnt are coloured, or in brackets where there are no colours."})
final class DataShowCommand implements Callable<Integer> {
    /** What can be shown. */
    enum Kind {
        task,
        safety
    }

    private final Session session;

    @Parameters(arity = "0..1", paramLabel = "task|safety", description = "Which data. Default: task.")
    private Kind kind = Kind.task;

    @Option(names = "--row", paramLabel = "N", description = "Which row, counted from 1. Default: 1.")
    private int row = 1;

    @Mixin
    private JsonOption json = new JsonOption();

    DataShowCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Map<String, EncodedRow> sides = sides();
        Output output = session.output();
        if (json.wanted()) {
            ObjectNode node = Output.object().put("data", kind.name()).put("row", row);
            sides.forEach((name, encoded) -> node.set(name.equals("row") ? "tokens" : name, tokens(encoded)));
            output.json(node);
            return Status.OK;
        }
        sides.forEach((name, encoded) -> {
            long learnt = TokenText.learnt(encoded);
            output.line(output.style().heading(name + " " + row) + ": " + Numbers.count(encoded.ids().length, "token") + ", " + learnt + " learnt");
            output.line(TokenText.marked(session, encoded));
        });
        return Status.OK;
    }

    private Map<String, EncodedRow> sides() {
        RowEncoder encoder = session.encoder();
        Map<String, EncodedRow> sides = new LinkedHashMap<>();
        switch (kind) {
            case task -> {
                TaskRow chosen = chosen(session.task().data().rows());
                sides.put("row", switch (chosen) {
                    case TaskRow.Text text -> encoder.encode(text.prompt(), text.response());
                    case TaskRow.Tokens tokens -> tokens.row();
                });
            }
            case safety -> {
                switch (chosen(session.safety().data().pairs())) {
                    case SafetyPair.Text text -> {
                        sides.put("safe", encoder.encode(text.prompt(), text.safe()));
                        sides.put("harmful", encoder.encode(text.prompt(), text.harmful()));
                    }
                    case SafetyPair.Tokens tokens -> {
                        sides.put("safe", tokens.safe());
                        sides.put("harmful", tokens.harmful());
                    }
                }
            }
        }
        return sides;
    }

    private <T> T chosen(List<T> rows) {
        if (row < 1 || row > rows.size()) {
            throw new UsageException("there is no row " + row + "; choose --row 1 to " + rows.size());
        }
        return rows.get(row - 1);
    }

    private ArrayNode tokens(EncodedRow encoded) {
        ArrayNode tokens = Output.object().putArray("tokens");
        List<String> texts = TokenText.pieces(session, encoded.ids());
        for (int i = 0; i < texts.size(); i++) {
            tokens.addObject().put("id", encoded.ids()[i]).put("text", texts.get(i)).put("learnt", TokenText.isLearnt(encoded, i));
        }
        return tokens;
    }
}
