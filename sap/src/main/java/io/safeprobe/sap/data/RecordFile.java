package io.safeprobe.sap.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A data file as it was read, before anything is known of what its columns mean.
 *
 * @param sha256 of the file as stored (packed, if it is packed), in lower-case hex
 * @param format as a person reads it, for example {@code JSONL, gzip}
 * @param columns all columns of all records, in the order in which they first occur
 * @param records at least one
 */
record RecordFile(Path file, String sha256, String format, Set<String> columns, List<Fields> records) {
    private static final int BUFFER = 1 << 16;
    private static final int SNIFFED = 1 << 20;

    /** Reads the first {@code limit} records of a file, or all when {@code limit} is 0; the hash is always that of the whole file. */
    static RecordFile read(Path file, int limit) {
        if (limit < 0) {
            throw new DataException(file, "a limit of " + limit + " rows is not possible; give a positive number, or 0 for all rows");
        }
        if (Files.isDirectory(file)) {
            throw new DataException(file, "is a folder; give a data file (.jsonl, .json or .csv, each also with .gz)");
        }
        if (!Files.exists(file)) {
            throw new DataException(file, "there is no such file; check the path");
        }
        MessageDigest digest = digest();
        try (BufferedInputStream stored = new BufferedInputStream(new DigestInputStream(Files.newInputStream(file), digest), BUFFER)) {
            boolean packed = isGzip(stored);
            if (!packed && String.valueOf(file.getFileName()).endsWith(".gz")) {
                throw new DataException(file, "is named .gz but is not gzip data; take .gz off its name, or get the file again");
            }
            BufferedInputStream content = packed ? new BufferedInputStream(new GZIPInputStream(stored, BUFFER), BUFFER) : stored;
            FileFormat format = FileFormat.of(file, firstByte(file, content));
            InputStream kept = new KeptOpen(content);
            List<Fields> records = switch (format) {
                case JSON_LINES -> JsonRecords.lines(file, kept, limit);
                case JSON_ARRAY -> JsonRecords.array(file, kept, limit);
                case CSV -> CsvRecords.read(file, kept, limit);
            };
            if (records.isEmpty()) {
                throw empty(file);
            }
            Set<String> columns = new LinkedHashSet<>();
            records.forEach(row -> columns.addAll(row.values().keySet()));
            stored.transferTo(OutputStream.nullOutputStream());
            return new RecordFile(file, HexFormat.of().formatHex(digest.digest()), format.title() + (packed ? ", gzip" : ""), columns, records);
        } catch (ZipException | EOFException damaged) {
            throw new DataException(file, "the gzip data is damaged or cut off (" + damaged.getMessage() + "); get the file again", damaged);
        } catch (IOException failure) {
            throw new DataException(file, "cannot be read: " + failure.getMessage(), failure);
        }
    }

    /** A stream that a parser may close while the rest of it is still to be read, for the hash of the file. */
    private static final class KeptOpen extends FilterInputStream {
        KeptOpen(InputStream in) {
            super(in);
        }

        @Override
        public void close() {}
    }

    /** The columns as messages list them. */
    String columnList() {
        return String.join(", ", columns);
    }

    private static boolean isGzip(BufferedInputStream in) throws IOException {
        in.mark(2);
        boolean packed = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return packed;
    }

    /** Skips a byte order mark and returns the first byte that is not blank, which stays to be read. */
    private static int firstByte(Path file, BufferedInputStream in) throws IOException {
        in.mark(4);
        byte[] start = in.readNBytes(4);
        in.reset();
        if (start.length >= 3 && start[0] == (byte) 0xef && start[1] == (byte) 0xbb && start[2] == (byte) 0xbf) {
            in.skipNBytes(3);
        } else if (looksLikeUtf16(start)) {
            throw new DataException(file, "is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)");
        }
        in.mark(SNIFFED);
        int first = in.read();
        for (int i = 1; i < SNIFFED && (first == ' ' || first == '\t' || first == '\r' || first == '\n'); i++) {
            first = in.read();
        }
        in.reset();
        if (first < 0) {
            throw empty(file);
        }
        return first;
    }

    private static boolean looksLikeUtf16(byte[] start) {
        if (start.length < 2) {
            return false;
        }
        boolean mark = (start[0] == (byte) 0xfe && start[1] == (byte) 0xff) || (start[0] == (byte) 0xff && start[1] == (byte) 0xfe);
        return mark || start[0] == 0 || start[1] == 0;
    }

    private static DataException empty(Path file) {
        return new DataException(file, "holds no rows; give a file with at least one");
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }
}
