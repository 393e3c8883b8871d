package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import java.util.List;

/** Turns a conversation and its response into token ids and labels; {@code ChatEncoder::encode} is one. */
@FunctionalInterface
public interface RowEncoder {
    /** Ids of the whole conversation, labels on the response and its end token alone. */
    EncodedRow encode(List<Message> prompt, String response);

    /** For a model without a tokenizer: rows that hold token ids never ask, rows of text are refused with {@code reason}. */
    static RowEncoder unavailable(String reason) {
        return (prompt, response) -> {
            throw new DataException(reason);
        };
    }
}
