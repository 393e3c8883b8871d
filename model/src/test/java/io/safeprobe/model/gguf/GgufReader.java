package io.safeprobe.model.gguf;

import io.safeprobe.engine.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads a GGUF file as docs/gguf.md of ggml describes it, and believes nothing: magic, version, known types, no key twice, aligned offsets without
 * holes, zeros in between, nothing after the end.
 */
final class GgufReader {
    private static final int ALIGNMENT = 32;

    /** A tensor; extents outermost first. */
    static final class Stored {
        final int type;
        final long[] extents;
        final double[] values;

        Stored(int type, long[] extents, double[] values) {
            this.type = type;
            this.extents = extents;
            this.values = values;
        }

        DType dtype() {
            return switch (type) {
                case 0 -> DType.F32;
                case 1 -> DType.F16;
                case 30 -> DType.BF16;
                default -> throw new AssertionError("type " + type);
            };
        }
    }

    final Map<String, Object> keys = new LinkedHashMap<>();
    final Map<String, Stored> tensors = new LinkedHashMap<>();
    private final ByteBuffer in;

    private record Info(String name, List<Long> extents, int type, long offset) {
        long[] shape() {
            return extents.stream().mapToLong(Long::longValue).toArray();
        }
    }

    GgufReader(Path file) throws IOException {
        in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[4];
        in.get(magic);
        require(new String(magic, StandardCharsets.US_ASCII).equals("GGUF"), "magic");
        require(in.getInt() == 3, "version");
        long tensorCount = in.getLong();
        long keyCount = in.getLong();
        for (long i = 0; i < keyCount; i++) {
            String key = string();
            require(key.matches("[a-z0-9_]+(\\.[a-z0-9_]+)*"), "key " + key);
            require(keys.put(key, value(in.getInt())) == null, "twice " + key);
        }
        List<Info> infos = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            String name = string();
            require(name.length() < 64, "long name " + name);
            long[] extents = new long[in.getInt()];
            for (int j = extents.length - 1; j >= 0; j--) {
                extents[j] = in.getLong();
            }
            infos.add(new Info(name, Arrays.stream(extents).boxed().toList(), in.getInt(), in.getLong()));
        }
        pad();
        int data = in.position();
        for (Info info : infos) {
            require(info.offset() % ALIGNMENT == 0 && data + info.offset() == in.position(), "offset of " + info.name());
            double[] values = new double[(int) Arrays.stream(info.shape()).reduce(1, (a, b) -> a * b)];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (info.type()) {
                    case 0 -> in.getFloat();
                    case 1 -> Float.float16ToFloat(in.getShort());
                    case 30 -> DType.fromBf16(in.getShort());
                    default -> throw new AssertionError("type " + info.type());
                };
            }
            require(tensors.put(info.name(), new Stored(info.type(), info.shape(), values)) == null, "twice " + info.name());
            pad();
        }
        require(!in.hasRemaining(), "bytes after the end");
    }

    double[] tensor(String name) {
        Stored stored = tensors.get(name);
        if (stored == null) {
            throw new AssertionError("no tensor " + name + " among " + tensors.keySet());
        }
        return stored.values;
    }

    Stored stored(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    int number(String key) {
        return (Integer) value(key);
    }

    double real(String key) {
        return (Float) value(key);
    }

    List<?> list(String key) {
        return (List<?>) value(key);
    }

    private Object value(String key) {
        return Objects.requireNonNull(keys.get(key), key);
    }

    private Object value(int type) {
        return switch (type) {
            case 4, 5 -> in.getInt();
            case 6 -> in.getFloat();
            case 7 -> switch (in.get()) {
                case 0 -> false;
                case 1 -> true;
                default -> throw new AssertionError("a flag is 0 or 1");
            };
            case 8 -> string();
            case 9 -> {
                int element = in.getInt();
                long length = in.getLong();
                List<Object> values = new ArrayList<>();
                for (long i = 0; i < length; i++) {
                    values.add(value(element));
                }
                yield values;
            }
            default -> throw new AssertionError("value type " + type);
        };
    }

    private String string() {
        byte[] utf8 = new byte[Math.toIntExact(in.getLong())];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private void pad() {
        while (in.position() % ALIGNMENT != 0) {
            require(in.get() == 0, "padding");
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
