namespace ResourceService.Server.Tests.Chart.Templates;

/// <summary>A template that cannot be rendered: it is wrong, names a value that does not exist, or refuses with <c>fail</c>.</summary>
internal sealed class TemplateException(string message) : Exception(message);
