package io.safeprobe.shell.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;

/**
 * Where commands write. Results, which is what a command was asked for, go to standard output; messages, errors and progress go to
 * standard error, so that a result can be piped into another program. On a terminal both go to it.
 */
public final class Output {
    private static final JsonMapper JSON = new JsonMapper();

    private final PrintWriter results;
    private final PrintWriter messages;
    private final StatusLine status;
    private final Style style;

    /** Writers may be the same. */
    public Output(PrintWriter results, PrintWriter messages, StatusLine status, Style style) {
        this.results = results;
        this.messages = messages;
        this.status = status;
        this.style = style;
    }

    /** A line of a result. */
    public synchronized void line(String text) {
        status.makeWay();
        results.println(text);
        results.flush();
    }

    /** Part of a line of a result, shown at once. */
    public synchronized void part(String text) {
        status.makeWay();
        results.print(text);
        results.flush();
    }

    /** A result as one line of JSON. */
    public synchronized void json(ObjectNode node) {
        try {
            line(JSON.writeValueAsString(node));
        } catch (JsonProcessingException failure) {
            throw new IllegalStateException("a result cannot be written as JSON", failure);
        }
    }

    /** A new, empty JSON object. */
    public static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** What has happened. */
    public synchronized void message(String text) {
        status.makeWay();
        messages.println(text);
        messages.flush();
    }

    /** What went wrong and what to do. */
    public synchronized void error(String text) {
        message(style.wrong("error: ") + text);
    }

    /** Where a failure came from, for whoever looks for a fault. */
    public synchronized void trace(Throwable failure) {
        status.makeWay();
        failure.printStackTrace(messages);
        messages.flush();
    }

    /** What is going on. */
    public synchronized void status(String text) {
        status.show(text);
    }

    /** Nothing is going on any more. */
    public synchronized void endStatus() {
        status.end();
    }

    /** Emphasis. */
    public Style style() {
        return style;
    }
}
