/** Judges, intervals and result files. */
@NullMarked
package io.safeprobe.sap.score;

import org.jspecify.annotations.NullMarked;
