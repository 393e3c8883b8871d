package io.safeprobe.shell.command;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.tokenizer.Tokenizer;
import io.safeprobe.shell.report.Style;
import io.safeprobe.shell.session.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The text of single tokens, and which are learnt. */
final class TokenText {
    /** What decoders put for bytes that are no whole character. */
    private static final String PART = "\ufffd";

    private TokenText() {}

    /** The label at position 0 is never learnt: nothing comes before it. */
    static boolean isLearnt(EncodedRow row, int position) {
        return position > 0 && row.labels()[position] != EncodedRow.IGNORED;
    }

    static long learnt(EncodedRow row) {
        int[] labels = row.labels();
        return Arrays.stream(labels).skip(1).filter(label -> label != EncodedRow.IGNORED).count();
    }

    /** What each token adds to the text; ids in angle brackets where the model has no tokenizer. */
    static List<String> pieces(Session session, int[] ids) {
        ModelFolder model = session.model();
        return model.hasTokenizer() ? pieces(model.tokenizer(), ids) : Arrays.stream(ids).mapToObj(id -> "<" + id + ">").toList();
    }

    /**
     * One after another they are the text of all tokens: a character of several tokens belongs to the last of them.
     *
     * <p>A token by itself loses its leading space in some tokenizers, so a piece is what the text grows by. It is the text of few tokens: those since
     * the last whole character, and one before them.
     */
    static List<String> pieces(Tokenizer tokenizer, int[] ids) {
        List<String> pieces = new ArrayList<>();
        int from = 0;
        String before = "";
        for (int i = 0; i < ids.length; i++) {
            String text = tokenizer.decode(Arrays.copyOfRange(ids, from, i + 1), false);
            if (text.endsWith(PART) && i + 1 < ids.length) {
                pieces.add("");
                continue;
            }
            String alone = tokenizer.decode(new int[] {ids[i]}, false);
            pieces.add(text.startsWith(before) ? text.substring(before.length()) : alone);
            // A token that is nothing by itself, or part of a character, is no good beginning.
            boolean whole = !alone.isEmpty() && !alone.contains(PART);
            from = whole ? i : from;
            before = whole ? alone : text;
        }
        return pieces;
    }

    /** All tokens in a line, the learnt ones emphasised; line breaks of the text stay. */
    static String marked(Session session, EncodedRow row) {
        Style style = session.output().style();
        List<String> pieces = pieces(session, row.ids());
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < pieces.size(); i++) {
            String piece = pieces.get(i);
            boolean learnt = isLearnt(row, i);
            if (style.colours()) {
                line.append(learnt ? style.learnt(piece) : style.dim(piece));
            } else {
                line.append(learnt ? "[" + piece + "]" : piece);
            }
        }
        return line.toString();
    }
}
