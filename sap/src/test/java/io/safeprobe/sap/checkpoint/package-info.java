@NullMarked
package io.safeprobe.sap.checkpoint;

import org.jspecify.annotations.NullMarked;
