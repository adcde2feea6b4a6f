namespace ResourceService.Storage;

/// <summary>The store cannot be opened or used as configured. The message says what to do; it is meant for the operator.</summary>
public sealed class StoreException(string message, Exception? cause = null) : Exception(message, cause);
