package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import java.util.List;

/** A row of a fine-tuning task, as text or as the token ids a file already holds. */
public sealed interface TaskRow {
    /** A conversation and the response to learn; earlier assistant turns belong to the prompt and are not learnt. */
    record Text(List<Message> prompt, String response) implements TaskRow {
        /** Copies the conversation. */
        public Text {
            prompt = List.copyOf(prompt);
        }
    }

    /** Token ids and labels; needs no tokenizer. */
    record Tokens(EncodedRow row) implements TaskRow {}
}
