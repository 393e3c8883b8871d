package io.safeprobe.sap.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a stream as bytes. Not {@code BufferedReader}: it decodes ahead, so that a byte that is not UTF-8 could not be traced
 * to its line.
 */
final class ByteLines {
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int next;
    private int filled;

    ByteLines(InputStream in) {
        this.in = in;
    }

    /** The next line without its line feed, or null after the last. */
    byte @Nullable [] next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean any = false;
        while (true) {
            if (next == filled) {
                filled = Math.max(0, in.read(buffer));
                next = 0;
                if (filled == 0) {
                    return any ? line.toByteArray() : null;
                }
            }
            any = true;
            int end = next;
            while (end < filled && buffer[end] != '\n') {
                end++;
            }
            line.write(buffer, next, end - next);
            boolean whole = end < filled;
            next = whole ? end + 1 : end;
            if (whole) {
                return line.toByteArray();
            }
        }
    }
}
