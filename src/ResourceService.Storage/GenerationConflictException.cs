namespace ResourceService.Storage;

/// <summary>A node in the store is not at the generation that a change was decided on: another writer was there.</summary>
public sealed class GenerationConflictException(string message) : Exception(message);
