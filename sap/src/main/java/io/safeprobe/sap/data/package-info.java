/**
 * Data files to rows, rows to token ids with a label mask, and which rows each step takes.
 *
 * <p>The way: a file ({@link io.safeprobe.sap.data.TaskData}, {@link io.safeprobe.sap.data.SafetyData},
 * {@link io.safeprobe.sap.data.PromptData}), its columns named by a {@link io.safeprobe.sap.data.ColumnMap} or recognised,
 * encoded to {@link io.safeprobe.sap.data.Example}s, and drawn by {@link io.safeprobe.sap.data.TaskBatches} and
 * {@link io.safeprobe.sap.data.PairBatches}. Whatever is left out on the way is counted with its reason.
 */
@NullMarked
package io.safeprobe.sap.data;

import org.jspecify.annotations.NullMarked;
