package io.safeprobe.sap.data;

import com.github.luben.zstd.ZstdIOException;
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
import java.util.zip.ZipException;

/**
 * A data file as it was read, before anything is known of what its columns mean.
 *
 * @param file as given, which may be a folder or a pattern of names
 * @param sha256 of the file as stored (packed, if it is packed), or of all files one after the other, in lower-case hex
 * @param format as a person reads it, for example {@code JSONL, gzip}
 * @param columns all columns of all records, in the order in which they first occur
 * @param records at least one; not on the heap
 */
record RecordFile(Path file, String sha256, String format, Set<String> columns, List<Fields> records) {
    private static final int BUFFER = 1 << 16;
    private static final int SNIFFED = 1 << 20;

    /** Reads the first {@code limit} records of a file, or all when {@code limit} is 0; the hash is always that of the whole file. */
    static RecordFile read(Path file, int limit) {
        if (limit < 0) {
            throw new DataException(file, "a limit of " + limit + " rows is not possible; give a positive number, or 0 for all rows");
        }
        List<Path> shards = Shards.of(file);
        MessageDigest digest = digest();
        Set<String> columns = new LinkedHashSet<>();
        Set<String> formats = new LinkedHashSet<>();
        try (Spilled.Writer<Fields> records = new Spilled.Writer<>(new FieldsCodec())) {
            for (Path shard : shards) {
                String prefix = shards.size() == 1 ? "" : shard.getFileName() + ", ";
                formats.add(read(shard, digest, limit, prefix, columns, records));
            }
            if (records.size() == 0) {
                throw empty(file);
            }
            String format = String.join(" and ", formats) + (shards.size() == 1 ? "" : ", " + shards.size() + " files");
            return new RecordFile(file, HexFormat.of().formatHex(digest.digest()), format, columns, records.list());
        }
    }

    /** Adds the records of one file to those of the files before it, and its bytes to the hash; returns its format. */
    private static String read(Path file, MessageDigest digest, int limit, String prefix, Set<String> columns, Spilled.Writer<Fields> records) {
        Packing packing = Packing.NONE;
        try (BufferedInputStream stored = new BufferedInputStream(new DigestInputStream(Files.newInputStream(file), digest), BUFFER)) {
            packing = Packing.of(file, stored);
            BufferedInputStream content = packing.unpack(stored);
            FileFormat format = format(file, content);
            try (Records rows = records(file, format, packing, new KeptOpen(content))) {
                while (limit == 0 || records.size() < limit) {
                    Fields row = rows.next();
                    if (row == null) {
                        break;
                    }
                    records.add(new Fields(prefix + row.place(), row.values()));
                    columns.addAll(row.values().keySet());
                }
            }
            stored.transferTo(OutputStream.nullOutputStream());
            return format.title() + (packing == Packing.NONE ? "" : ", " + packing.title());
        } catch (ZipException | EOFException | ZstdIOException damaged) {
            throw new DataException(file, "the " + packing.title() + " data is damaged or cut off (" + damaged.getMessage() + "); get the file again", damaged);
        } catch (IOException failure) {
            throw new DataException(file, "cannot be read: " + failure.getMessage(), failure);
        }
    }

    private static Records records(Path file, FileFormat format, Packing packing, InputStream content) throws IOException {
        // These two jump about in the file, so it cannot be unpacked on the way.
        if (packing != Packing.NONE && (format == FileFormat.PARQUET || format == FileFormat.ARROW_FILE)) {
            throw new DataException(file, "holds " + format.title() + " data packed with " + packing.title() + "; unpack it first");
        }
        return switch (format) {
            case JSON_LINES -> JsonRecords.lines(file, content);
            case JSON_ARRAY -> JsonRecords.array(file, content);
            case CSV -> new CsvRecords(file, content);
            case PARQUET -> new ParquetRecords(file);
            case ARROW_STREAM -> ArrowRecords.stream(file, content);
            case ARROW_FILE -> ArrowRecords.file(file);
        };
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

    /** The format of content, of which nothing is consumed but a byte order mark. */
    private static FileFormat format(Path file, BufferedInputStream in) throws IOException {
        in.mark(8);
        byte[] start = in.readNBytes(8);
        in.reset();
        FileFormat marked = FileFormat.ofMark(start);
        return marked == null ? FileFormat.of(file, firstByte(file, start, in)) : marked;
    }

    /** Skips a byte order mark and returns the first byte that is not blank, which stays to be read. */
    private static int firstByte(Path file, byte[] start, BufferedInputStream in) throws IOException {
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
