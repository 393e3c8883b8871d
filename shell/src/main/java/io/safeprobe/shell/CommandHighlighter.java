package io.safeprobe.shell;

import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Colours what is typed: known commands and options, unknown ones, quoted text, comments. */
final class CommandHighlighter implements Highlighter {
    private static final Pattern TOKEN = Pattern.compile("\\s+|;|\"(?:[^\"\\\\]|\\\\.)*\"?|'[^']*'?|(?<=^|\\s)#.*|[^\\s;]+");
    private static final AttributedStyle KNOWN = AttributedStyle.BOLD.foreground(AttributedStyle.GREEN);
    private static final AttributedStyle OPTION = AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN);
    private static final AttributedStyle UNKNOWN = AttributedStyle.DEFAULT.foreground(AttributedStyle.RED);
    private static final AttributedStyle QUOTED = AttributedStyle.DEFAULT.foreground(AttributedStyle.YELLOW);
    private static final AttributedStyle COMMENT = AttributedStyle.DEFAULT.faint();

    private final Supplier<CommandLine> commands;

    CommandHighlighter(Supplier<CommandLine> commands) {
        this.commands = commands;
    }

    @Override
    public AttributedString highlight(LineReader reader, String buffer) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        CommandLine root = commands.get();
        CommandLine command = root;
        boolean naming = true;
        Matcher token = TOKEN.matcher(buffer);
        while (token.find()) {
            String text = token.group();
            AttributedStyle style = AttributedStyle.DEFAULT;
            if (text.equals(";")) {
                command = root;
                naming = true;
            } else if (text.startsWith("#")) {
                style = COMMENT;
            } else if (!text.isBlank()) {
                @Nullable CommandLine child = naming ? command.getSubcommands().get(text) : null;
                style = child != null ? KNOWN : style(command, text, naming && command.equals(root));
                naming = child != null && !child.getSubcommands().isEmpty();
                command = child == null ? command : child;
            }
            line.styled(style, text);
        }
        return line.toAttributedString();
    }

    private static AttributedStyle style(CommandLine command, String text, boolean unknownCommand) {
        if (text.startsWith("-") && text.length() > 1) {
            return command.getCommandSpec().optionsMap().containsKey(text) ? OPTION : UNKNOWN;
        }
        if (text.startsWith("\"") || text.startsWith("'")) {
            return QUOTED;
        }
        return unknownCommand ? UNKNOWN : AttributedStyle.DEFAULT;
    }
}
