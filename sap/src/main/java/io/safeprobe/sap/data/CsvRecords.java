package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records of a CSV file (RFC 4180: commas, double quotes) whose first row names the columns. */
final class CsvRecords implements Records {
    /**
     * Put after the end of the file. The parser takes a quote that is never closed for one that ends with the file, and the rows it
     * swallowed for text; then this row is part of that text and not a row of its own.
     */
    private static final String END = "\u0000end of file";

    private final Path file;
    private final CsvReader<NamedCsvRecord> reader;
    private @Nullable Iterator<NamedCsvRecord> rows;
    private String last = "";

    /** Reads rows; each must have as many fields as the header. */
    CsvRecords(Path file, InputStream in) {
        InputStream ended = new SequenceInputStream(in, new ByteArrayInputStream(("\n" + END).getBytes(StandardCharsets.UTF_8)));
        Reader text = new InputStreamReader(ended, StandardCharsets.UTF_8.newDecoder());
        this.file = file;
        // The parser compares rows with the first one; here they are compared with the header, and the error can name it.
        this.reader = CsvReader.builder().allowExtraFields(true).allowMissingFields(true).ofNamedCsvRecord(text);
    }

    @Override
    public @Nullable Fields next() throws IOException {
        try {
            if (rows == null) {
                rows = reader.iterator();
            }
            if (!rows.hasNext()) {
                return null;
            }
            NamedCsvRecord row = rows.next();
            if (row.getField(0).equals(END)) {
                return null;
            }
            Fields record = fields(file, row);
            last = record.place();
            return record;
        } catch (CsvParseException malformed) {
            throw malformed(file, malformed);
        } catch (UncheckedIOException failure) {
            if (failure.getCause() instanceof CharacterCodingException) {
                String after = last.isEmpty() ? "is" : "after " + last + " is";
                throw new DataException(file, after + " not UTF-8; convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8", failure);
            }
            throw failure.getCause();
        }
    }

    private static Fields fields(Path file, NamedCsvRecord row) {
        String place = "line " + row.getStartingLineNumber();
        List<String> header = row.getHeader();
        if (row.getField(row.getFieldCount() - 1).endsWith(END)) {
            throw new DataException(file, place, "a quote is opened in this row and never closed; close it, and write a quote inside a text as \"\"", null);
        }
        if (row.getFieldCount() != header.size()) {
            throw new DataException(file, place, "has " + row.getFieldCount() + " fields but the header names " + header.size() + " ("
                    + String.join(", ", header) + "); put texts that hold commas or line breaks in double quotes", null);
        }
        Map<String, JsonNode> values = new LinkedHashMap<>();
        for (int i = 0; i < header.size(); i++) {
            values.put(header.get(i), TextNode.valueOf(row.getField(i)));
        }
        return new Fields(place, values);
    }

    /** The parser wraps its reason; the innermost one says what is wrong, the outer one where. */
    private static DataException malformed(Path file, CsvParseException malformed) {
        Throwable cause = malformed.getCause();
        String reason = cause == null ? malformed.getMessage() : cause.getMessage() + " (" + malformed.getMessage() + ")";
        return new DataException(file, "is not valid CSV: " + reason
                + "; a text in double quotes writes a quote as \"\", and each column has a name of its own", malformed);
    }
}
