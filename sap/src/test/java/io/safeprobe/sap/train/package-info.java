@NullMarked
package io.safeprobe.sap.train;

import org.jspecify.annotations.NullMarked;
