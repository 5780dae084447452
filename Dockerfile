# docker build -t bnnbench . && docker run --rm -v "$PWD/results:/work/results" bnnbench run smoke --jobs 2
FROM python:3.11-slim
COPY . /source
RUN pip install --no-cache-dir "/source[data]" && rm -rf /source
WORKDIR /work
ENTRYPOINT ["bnnbench"]
CMD ["--help"]
