@NullMarked
package io.safeprobe.sap.objective;

import org.jspecify.annotations.NullMarked;
