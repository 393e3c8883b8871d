package io.safeprobe.shell;

import io.safeprobe.shell.session.CommandException;
import java.util.ArrayList;
import java.util.List;

/**
 * The syntax of what is entered: commands apart by semicolons, words apart by blanks, {@code #} at the beginning of a word begins a
 * comment. Single quotes keep everything as it is; in double quotes, and outside, a backslash keeps the next character as it is.
 */
final class CommandText {
    private final String text;
    private final List<List<String>> commands = new ArrayList<>();
    private final List<String> sources = new ArrayList<>();
    private List<String> words = new ArrayList<>();
    private StringBuilder word = new StringBuilder();
    private boolean inWord;
    private int begin;

    private CommandText(String text) {
        this.text = text;
    }

    /**
     * One command.
     *
     * @param words at least one
     * @param source as it was entered
     */
    record Parsed(List<String> words, String source) {}

    /**
     * The commands of a text.
     *
     * @throws CommandException when a quote is not closed
     */
    static List<Parsed> parse(String text) {
        CommandText parser = new CommandText(text);
        parser.run();
        List<Parsed> parsed = new ArrayList<>();
        for (int i = 0; i < parser.commands.size(); i++) {
            parsed.add(new Parsed(parser.commands.get(i), parser.sources.get(i)));
        }
        return parsed;
    }

    private void run() {
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            switch (c) {
                case '\'', '"' -> i = quoted(i);
                case '\\' -> {
                    inWord = true;
                    word.append(i + 1 < text.length() ? text.charAt(i + 1) : c);
                    i++;
                }
                case ';' -> endCommand(i);
                case '\n' -> endCommand(i);
                case '#' -> {
                    if (inWord) {
                        word.append(c);
                    } else {
                        endCommand(i);
                        int end = text.indexOf('\n', i);
                        i = end < 0 ? text.length() : end;
                        begin = i + 1;
                    }
                }
                default -> {
                    if (Character.isWhitespace(c)) {
                        endWord();
                    } else {
                        inWord = true;
                        word.append(c);
                    }
                }
            }
            i++;
        }
        endCommand(text.length());
    }

    /** Takes a quoted part from its opening quote and returns the position of the closing one. */
    private int quoted(int open) {
        char quote = text.charAt(open);
        inWord = true;
        for (int i = open + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == quote) {
                return i;
            }
            boolean escape = c == '\\' && quote == '"' && i + 1 < text.length() && "\"\\".indexOf(text.charAt(i + 1)) >= 0;
            i += escape ? 1 : 0;
            word.append(text.charAt(i));
        }
        throw new CommandException("the quote " + quote + " is not closed; close it, or write \\" + quote + " for the character itself");
    }

    private void endWord() {
        if (inWord) {
            words.add(word.toString());
            word = new StringBuilder();
            inWord = false;
        }
    }

    private void endCommand(int end) {
        endWord();
        if (!words.isEmpty()) {
            commands.add(List.copyOf(words));
            sources.add(text.substring(begin, end).strip());
            words = new ArrayList<>();
        }
        begin = end + 1;
    }
}
