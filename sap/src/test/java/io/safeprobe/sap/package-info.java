@NullMarked
package io.safeprobe.sap;

import org.jspecify.annotations.NullMarked;
