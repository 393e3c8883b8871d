package io.safeprobe.sap.data;

import io.safeprobe.model.chat.Message;
import java.util.List;

/** A conversation for a model to answer: at least one message, the last not the assistant's. */
public record Prompt(List<Message> messages) {
    /** Copies the conversation. */
    public Prompt {
        messages = List.copyOf(messages);
    }
}
