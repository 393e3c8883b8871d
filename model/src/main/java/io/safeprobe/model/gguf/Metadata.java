package io.safeprobe.model.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Keys and values of a GGUF file in the order they were given, encoded as they were: key, type, value; all little-endian. */
final class Metadata {
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long count;

    Metadata text(String key, String value) {
        key(key, STRING);
        string(value);
        return this;
    }

    Metadata number(String key, int value) {
        key(key, U32);
        word(value);
        return this;
    }

    Metadata real(String key, double value) {
        key(key, F32);
        word(Float.floatToRawIntBits((float) value));
        return this;
    }

    Metadata flag(String key, boolean value) {
        key(key, BOOL);
        bytes.write(value ? 1 : 0);
        return this;
    }

    Metadata texts(String key, List<String> values) {
        array(key, STRING, values.size());
        values.forEach(this::string);
        return this;
    }

    Metadata reals(String key, float[] values) {
        array(key, F32, values.length);
        for (float value : values) {
            word(Float.floatToRawIntBits(value));
        }
        return this;
    }

    Metadata integers(String key, int[] values) {
        array(key, I32, values.length);
        for (int value : values) {
            word(value);
        }
        return this;
    }

    /** Number of keys. */
    long count() {
        return count;
    }

    byte[] encoded() {
        return bytes.toByteArray();
    }

    private void array(String key, int type, int length) {
        key(key, ARRAY);
        word(type);
        length(length);
    }

    private void key(String key, int type) {
        count++;
        string(key);
        word(type);
    }

    private void string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        length(utf8.length);
        bytes.writeBytes(utf8);
    }

    private void length(long value) {
        bytes.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    private void word(int value) {
        bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }
}
