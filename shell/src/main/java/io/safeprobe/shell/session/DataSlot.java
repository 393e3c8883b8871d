package io.safeprobe.shell.session;

import io.safeprobe.sap.data.ColumnMap;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.train.RunConfig;
import org.jspecify.annotations.Nullable;

/**
 * Data that is open, and how it was asked for.
 *
 * @param map as it was given; null when the columns were recognised
 * @param limit records read; 0 for all
 */
public record DataSlot<T>(T data, DataReport report, @Nullable ColumnMap map, int limit) {
    /** For run.json. */
    public RunConfig.Source source() {
        String file = report.source().file().toAbsolutePath().normalize().toString();
        return new RunConfig.Source(file, map == null ? null : map.toString(), limit, report.source().sha256(), report.rows());
    }
}
