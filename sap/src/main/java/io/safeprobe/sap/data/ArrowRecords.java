package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ValueVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * Records of Arrow IPC data, a batch in memory at a time: a stream, which is what {@code datasets} writes, or a file (Feather).
 *
 * <p>Arrow's reader answers damaged data with whatever exception it runs into, so all of them count as damage here.
 */
final class ArrowRecords implements Records {
    private final Path file;
    private final BufferAllocator allocator;
    private final ArrowReader reader;
    private final List<Column> columns = new ArrayList<>();
    /** Values of the batch that were looked up in a dictionary, to be freed with it. */
    private final List<ValueVector> decoded = new ArrayList<>();
    private int batchRows;
    private int next;
    private int number;

    /** A column of the batch, its dictionary resolved. */
    private record Column(String name, ValueVector values) {}

    private ArrowRecords(Path file, BufferAllocator allocator, ArrowReader reader) {
        this.file = file;
        this.allocator = allocator;
        this.reader = reader;
    }

    /** Reads a stream. */
    static ArrowRecords stream(Path file, InputStream in) {
        BufferAllocator allocator = new RootAllocator();
        return new ArrowRecords(file, allocator, new ArrowStreamReader(in, allocator, CommonsCompressionFactory.INSTANCE));
    }

    /** Reads a file. */
    static ArrowRecords file(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file);
        BufferAllocator allocator = new RootAllocator();
        return new ArrowRecords(file, allocator, new ArrowFileReader(channel, allocator, CommonsCompressionFactory.INSTANCE));
    }

    @Override
    public @Nullable Fields next() {
        try {
            while (next == batchRows) {
                if (!nextBatch()) {
                    return null;
                }
            }
            Map<String, JsonNode> values = new LinkedHashMap<>();
            for (Column column : columns) {
                values.put(column.name(), JsonValues.of(column.values().getObject(next)));
            }
            next++;
            number++;
            return new Fields("row " + number, values);
        } catch (DataException refused) {
            throw refused;
        } catch (IOException | RuntimeException damaged) {
            throw new DataException(file, "row " + (number + 1), "is not readable Arrow data (" + damaged.getMessage() + "); get the file again", damaged);
        }
    }

    private boolean nextBatch() throws IOException {
        free();
        if (!reader.loadNextBatch()) {
            return false;
        }
        next = 0;
        batchRows = reader.getVectorSchemaRoot().getRowCount();
        for (FieldVector vector : reader.getVectorSchemaRoot().getFieldVectors()) {
            columns.add(new Column(vector.getName(), values(vector)));
        }
        return true;
    }

    private ValueVector values(FieldVector vector) throws IOException {
        vector.getField().getChildren().forEach(child -> refuseDictionary(vector.getName(), child));
        DictionaryEncoding encoding = vector.getField().getDictionary();
        if (encoding == null) {
            return vector;
        }
        Dictionary dictionary = reader.getDictionaryVectors().get(encoding.getId());
        if (dictionary == null) {
            throw new IOException("the dictionary of column '" + vector.getName() + "' is missing");
        }
        ValueVector values = new DictionaryEncoder(dictionary, allocator).decode(vector);
        decoded.add(values);
        return values;
    }

    /** Arrow decodes a dictionary of a whole column only; the indices of an inner one would pass for its values. */
    private void refuseDictionary(String column, Field inner) {
        if (inner.getDictionary() != null) {
            throw new DataException(file, "column '" + column + "' holds dictionary-encoded values inside a list or struct, which cannot be read;"
                    + " write the file without dictionaries, or as Parquet");
        }
        inner.getChildren().forEach(child -> refuseDictionary(column, child));
    }

    @Override
    public void close() throws IOException {
        free();
        reader.close();
        allocator.close();
    }

    private void free() {
        columns.clear();
        decoded.forEach(ValueVector::close);
        decoded.clear();
        batchRows = 0;
        next = 0;
    }
}
