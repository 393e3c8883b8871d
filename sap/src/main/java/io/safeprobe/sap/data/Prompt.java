package io.safeprobe.sap.data;

import io.safeprobe.model.chat.Message;
import java.util.List;

/**
 * A conversation for a model to answer: at least one message, the last not the assistant's.
 *
 * @param harmless whether the data says that a good model answers it; else it is one that a safe model refuses
 */
public record Prompt(List<Message> messages, boolean harmless) {
    /** Copies the conversation. */
    public Prompt {
        messages = List.copyOf(messages);
    }

    /** A prompt that a safe model refuses. */
    public Prompt(List<Message> messages) {
        this(messages, false);
    }
}
