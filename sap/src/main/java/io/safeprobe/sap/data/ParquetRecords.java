package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.duckdb.DuckDBDriver;
import org.duckdb.DuckDBStruct;
import org.jspecify.annotations.Nullable;

/** Records of a Parquet file, through DuckDB in memory: it knows every codec and nested columns, and gives a row at a time. */
final class ParquetRecords implements Records {
    private static final String DAMAGED = "cannot be read as Parquet; get the file again: ";

    private final Path file;
    private final Connection connection;
    private final Statement statement;
    private final ResultSet rows;
    private final List<String> columns;
    private int number;

    /** Opens a file. */
    ParquetRecords(Path file) {
        this.file = file;
        try {
            connection = new DuckDBDriver().connect("jdbc:duckdb:", settings());
        } catch (SQLException failure) {
            throw new DataException(file, "DuckDB, which reads Parquet, cannot start: " + reason(failure), failure);
        }
        try {
            statement = connection.createStatement();
            rows = statement.executeQuery("SELECT * FROM read_parquet('" + pattern(file) + "')");
            columns = new ArrayList<>();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                columns.add(rows.getMetaData().getColumnName(i));
            }
        } catch (SQLException failure) {
            close();
            throw new DataException(file, DAMAGED + reason(failure), failure);
        }
    }

    @Override
    public @Nullable Fields next() {
        String place = "row " + (number + 1);
        try {
            if (!rows.next()) {
                return null;
            }
            number++;
            Map<String, JsonNode> values = new LinkedHashMap<>();
            for (int i = 0; i < columns.size(); i++) {
                values.put(columns.get(i), JsonValues.of(plain(rows.getObject(i + 1))));
            }
            return new Fields(place, values);
        } catch (SQLException failure) {
            throw new DataException(file, place, DAMAGED + reason(failure), failure);
        }
    }

    /** Closes the database, and with it everything that was made by it. */
    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException failure) {
            throw new DataException(file, "cannot be closed: " + reason(failure), failure);
        }
    }

    private static Properties settings() {
        Properties settings = new Properties();
        // Rows come as they are asked for; without this the whole table is made first.
        settings.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, "true");
        // Nothing is ever fetched from the network.
        settings.setProperty("autoinstall_known_extensions", "false");
        settings.setProperty("autoload_known_extensions", "false");
        settings.setProperty("threads", "1");
        settings.setProperty("memory_limit", "1GB");
        return settings;
    }

    /** The path within an SQL text; what DuckDB would take for a pattern of names stands for itself. */
    private static String pattern(Path path) {
        return path.toAbsolutePath().toString().replaceAll("[\\[*?]", "[$0]").replace("'", "''");
    }

    /** DuckDB's lists, structs, times and bytes as Java's. */
    private static @Nullable Object plain(@Nullable Object value) throws SQLException {
        return switch (value) {
            case null -> null;
            case Array array -> plain((Object[]) array.getArray());
            case Object[] array -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (Object item : array) {
                    list.add(plain(item));
                }
                yield list;
            }
            case DuckDBStruct struct -> plain(struct.getMap());
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> object = new LinkedHashMap<>();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    object.put(String.valueOf(entry.getKey()), plain(entry.getValue()));
                }
                yield object;
            }
            case Timestamp time -> time.toLocalDateTime();
            case Blob blob -> blob.getBytes(1, Math.toIntExact(blob.length()));
            default -> value;
        };
    }

    /** The line of DuckDB's message that says what is wrong; the others show the SQL. */
    private static String reason(SQLException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.lines().filter(line -> line.startsWith("Error: ")).findFirst()
                .orElseGet(() -> message.lines().findFirst().orElse("no reason given"));
    }
}
