/** Run folders and checkpoints: everything needed to go on, written whole or not at all. */
@NullMarked
package io.safeprobe.sap.checkpoint;

import org.jspecify.annotations.NullMarked;
