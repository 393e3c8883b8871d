package io.safeprobe.sap.data;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** How a file is compressed as a whole; the first bytes tell. */
enum Packing {
    NONE("", ""),
    GZIP("gzip", ".gz"),
    ZSTD("zstd", ".zst");

    private static final int BUFFER = 1 << 16;

    private final String title;
    private final String suffix;

    Packing(String title, String suffix) {
        this.title = title;
        this.suffix = suffix;
    }

    String title() {
        return title;
    }

    /** The packing of a stream, which stays at its begin; a name that says otherwise is refused. */
    static Packing of(Path file, BufferedInputStream in) throws IOException {
        in.mark(4);
        byte[] start = in.readNBytes(4);
        in.reset();
        Packing found = begins(start, 0x1f, 0x8b) ? GZIP : begins(start, 0x28, 0xb5, 0x2f, 0xfd) ? ZSTD : NONE;
        Packing named = named(file);
        if (named != NONE && named != found) {
            throw new DataException(file, "is named " + named.suffix + " but is not " + named.title + " data; take " + named.suffix
                    + " off its name, or get the file again");
        }
        return found;
    }

    /** The content. */
    BufferedInputStream unpack(BufferedInputStream stored) throws IOException {
        return switch (this) {
            case NONE -> stored;
            case GZIP -> buffered(new GZIPInputStream(stored, BUFFER));
            case ZSTD -> buffered(new ZstdInputStream(stored));
        };
    }

    /** The name of a file in lower case, without the suffix of a packing. */
    static String unpackedName(Path file) {
        String name = name(file);
        return name.substring(0, name.length() - named(file).suffix.length());
    }

    private static Packing named(Path file) {
        String name = name(file);
        return name.endsWith(GZIP.suffix) ? GZIP : name.endsWith(ZSTD.suffix) ? ZSTD : NONE;
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    }

    private static BufferedInputStream buffered(InputStream in) {
        return new BufferedInputStream(in, BUFFER);
    }

    private static boolean begins(byte[] start, int... magic) {
        if (start.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((start[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
