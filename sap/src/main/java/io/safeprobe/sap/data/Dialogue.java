package io.safeprobe.sap.data;

import io.safeprobe.model.chat.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A dialogue, as a list of messages or as hh-rlhf writes it (Bai et al., arXiv 2204.05862): turns that begin with
 * {@code "\n\nHuman: "} and {@code "\n\nAssistant: "}.
 *
 * @param turns with the roles {@code user} and {@code assistant}; of a text, contents without blanks at their ends
 */
record Dialogue(List<Message> turns) {
    private static final Pattern TURN = Pattern.compile("(?:^\\s*|\n\n)(Human|Assistant):");

    /** Splits a text; empty when it does not begin with a turn. */
    static Optional<Dialogue> parse(String text) {
        List<Message> turns = new ArrayList<>();
        Matcher turn = TURN.matcher(text);
        if (!turn.find() || turn.start() != 0) {
            return Optional.empty();
        }
        boolean more = true;
        while (more) {
            String role = turn.group(1).equals("Human") ? "user" : "assistant";
            int begin = turn.end();
            more = turn.find();
            turns.add(new Message(role, text.substring(begin, more ? turn.start() : text.length()).strip()));
        }
        return Optional.of(new Dialogue(List.copyOf(turns)));
    }

    /** What is wrong with a dialogue to learn the last turn of; empty when nothing is. */
    Optional<String> fault() {
        int begin = !turns.isEmpty() && turns.getFirst().role().equals("system") ? 1 : 0;
        for (int i = begin; i < turns.size(); i++) {
            // Most chat templates refuse a conversation whose roles do not alternate.
            if (!turns.get(i).role().equals((i - begin) % 2 == 0 ? "user" : "assistant")) {
                return Optional.of("the turns of Human and Assistant do not alternate");
            }
        }
        if (turns.size() == begin || (turns.size() - begin) % 2 != 0) {
            return Optional.of("the dialogue does not end with a turn of the Assistant");
        }
        if (prompt().stream().anyMatch(turn -> turn.content().isEmpty())) {
            return Optional.of("a turn before the last is empty");
        }
        return Optional.empty();
    }

    /** All turns but the last. */
    List<Message> prompt() {
        return turns.subList(0, turns.size() - 1);
    }

    /** The last turn. */
    String response() {
        return turns.getLast().content();
    }
}
