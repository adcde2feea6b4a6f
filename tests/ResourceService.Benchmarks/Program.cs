using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/ResourceService.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
